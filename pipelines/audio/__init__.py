"""Audio: decoding, windows, views and masks."""

from mmssl.pipelines.audio.conditioned import ConditionedWindows
from mmssl.pipelines.audio.contrasted import ContrastedWindows
from mmssl.pipelines.audio.frame_windows import FrameWindows
from mmssl.pipelines.audio.log_mel_targets import LogMelTargets
from mmssl.pipelines.audio.span_masked import MaskedWindows
from mmssl.pipelines.audio.unit_windows import UnitWindows
from mmssl.pipelines.audio.views import AudioViews
from mmssl.pipelines.audio.visible_frames import VisibleFrames
from mmssl.pipelines.audio.visible_patches import SpectrogramPatches
from mmssl.pipelines.audio.wave_targets import WaveTargets
from mmssl.pipelines.audio.windows import AudioWindows

__all__ = [
    "AudioViews",
    "AudioWindows",
    "ConditionedWindows",
    "ContrastedWindows",
    "FrameWindows",
    "LogMelTargets",
    "MaskedWindows",
    "SpectrogramPatches",
    "UnitWindows",
    "VisibleFrames",
    "WaveTargets",
]
