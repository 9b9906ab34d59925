"""Video: clips of files, animated pictures, folders of frames and arrays."""

from mmssl.pipelines.video.clips import VideoClips
from mmssl.pipelines.video.pairs import ClipPairs
from mmssl.pipelines.video.triples import FrameTriples

__all__ = ["ClipPairs", "FrameTriples", "VideoClips"]
