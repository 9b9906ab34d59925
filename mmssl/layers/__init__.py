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
    SplitBytes,
    StandardizeWaveform,
    join_bytes,
    mu_law_decode,
    mu_law_encode,
    split_bytes,
)
from mmssl.layers.color import ColorBins, Lightness, lab_to_rgb, rgb_to_lab
from mmssl.layers.convolution import CausalEmbedding, FrameUpsampling, GatedUnit, GroupedConvolution
from mmssl.layers.dense import ChannelwiseDense, WeightNormDense
from mmssl.layers.masking import MaskFill, MaskToken, NoiseTable
from mmssl.layers.normalization import ChannelNormalization, LayerScale
from mmssl.layers.pooling import (
    AtLeast,
    FrameMask,
    GridPooling,
    MaskedMean,
    MaskedStatistics,
    TokenPooling,
    ZeroMaskedFrames,
)
from mmssl.layers.positions import (
    AlibiBias,
    GridPositions,
    PositionIds,
    RelativePositionBias,
    SegmentIds,
)
from mmssl.layers.queue import VectorQueue
from mmssl.layers.recurrent import DualGRU, gated_step
from mmssl.layers.sentences import GroupTokens, SentenceMask, SentenceMean, ZeroMaskedTokens
from mmssl.layers.tokens import ClassToken, gather_tokens, scatter_tokens
from mmssl.layers.whitening import Whiten

__all__ = [
    "AlibiBias",
    "AtLeast",
    "CausalEmbedding",
    "CausalMask",
    "ChannelNormalization",
    "ChannelwiseDense",
    "ClassToken",
    "ColorBins",
    "DualGRU",
    "FrameMask",
    "FrameUpsampling",
    "GatedUnit",
    "GridPooling",
    "GridPositions",
    "GroupTokens",
    "GroupedConvolution",
    "LayerScale",
    "Lightness",
    "LogMel",
    "MaskFill",
    "MaskToken",
    "MaskedMean",
    "MaskedStatistics",
    "MuLaw",
    "NoiseTable",
    "NormalizeLevel",
    "PaddingMask",
    "PositionIds",
    "PreNormBlock",
    "RelativePositionBias",
    "SegmentIds",
    "SelfAttention",
    "SentenceMask",
    "SentenceMean",
    "SplitBytes",
    "StandardizeWaveform",
    "TokenPooling",
    "VectorQueue",
    "WeightNormDense",
    "Whiten",
    "ZeroMaskedFrames",
    "ZeroMaskedTokens",
    "approximate_gelu",
    "gated_step",
    "gather_tokens",
    "join_bytes",
    "lab_to_rgb",
    "mu_law_decode",
    "mu_law_encode",
    "rgb_to_lab",
    "scatter_tokens",
    "split_bytes",
]
