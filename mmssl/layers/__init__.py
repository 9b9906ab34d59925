"""Keras layers that Keras and KerasHub lack."""

from mmssl.layers.attention import (
    CausalMask,
    PaddingMask,
    PreNormBlock,
    SelfAttention,
    approximate_gelu,
)
from mmssl.layers.audio import (
    LogMel,
    MuLaw,
    NormalizeLevel,
    StandardizeWaveform,
    mu_law_decode,
    mu_law_encode,
)
from mmssl.layers.color import ColorBins, Lightness, lab_to_rgb, rgb_to_lab
from mmssl.layers.convolution import CausalEmbedding, FrameUpsampling, GatedUnit, GroupedConvolution
from mmssl.layers.dense import ChannelwiseDense, UnitDense
from mmssl.layers.masking import MaskFill, MaskToken, NoiseTable
from mmssl.layers.normalization import ChannelNormalization, LayerScale
from mmssl.layers.pooling import (
    FrameMask,
    GridPooling,
    KeptFrames,
    MaskedMean,
    MaskedStatistics,
    TokenPooling,
)
from mmssl.layers.positions import (
    GridPositions,
    LinearBias,
    Places,
    RelativePositionBias,
    SegmentIds,
)
from mmssl.layers.queue import VectorQueue
from mmssl.layers.tokens import ClassToken, pick, restore

__all__ = [
    "CausalEmbedding",
    "CausalMask",
    "ChannelNormalization",
    "ChannelwiseDense",
    "ClassToken",
    "ColorBins",
    "FrameMask",
    "FrameUpsampling",
    "GatedUnit",
    "GridPooling",
    "GridPositions",
    "GroupedConvolution",
    "KeptFrames",
    "LayerScale",
    "Lightness",
    "LinearBias",
    "LogMel",
    "MaskFill",
    "MaskToken",
    "MaskedMean",
    "MaskedStatistics",
    "MuLaw",
    "NoiseTable",
    "NormalizeLevel",
    "PaddingMask",
    "Places",
    "PreNormBlock",
    "RelativePositionBias",
    "SegmentIds",
    "SelfAttention",
    "StandardizeWaveform",
    "TokenPooling",
    "UnitDense",
    "VectorQueue",
    "approximate_gelu",
    "lab_to_rgb",
    "mu_law_decode",
    "mu_law_encode",
    "pick",
    "restore",
    "rgb_to_lab",
]
