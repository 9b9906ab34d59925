"""Keras layers that Keras and KerasHub lack."""

from mmssl.layers.attention import (
    CausalMask,
    PaddingMask,
    PreNormBlock,
    SelfAttention,
    approximate_gelu,
)
from mmssl.layers.attention_bias import AlibiBias, BucketedPositionBias, RelativePositionBias
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
from mmssl.layers.cross_attention import CrossAttention, PostNormDecoderBlock, T5Block
from mmssl.layers.dense import ChannelwiseDense, WeightNormDense
from mmssl.layers.masking import MaskFill, MaskToken, NoiseTable
from mmssl.layers.neighborhoods import in_blocks, neighbors, with_margins
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
from mmssl.layers.positions import GridPositions, PositionIds, SegmentIds
from mmssl.layers.quantization import GumbelQuantizer, gumbel_noise
from mmssl.layers.queue import VectorQueue
from mmssl.layers.table import VectorTable
from mmssl.layers.tokens import ClassToken, gather_tokens, scatter_tokens
from mmssl.layers.whitening import Whiten

__all__ = [
    "AlibiBias",
    "AtLeast",
    "BucketedPositionBias",
    "CausalEmbedding",
    "CausalMask",
    "ChannelNormalization",
    "ChannelwiseDense",
    "ClassToken",
    "ColorBins",
    "CrossAttention",
    "FrameMask",
    "FrameUpsampling",
    "GatedUnit",
    "GridPooling",
    "GridPositions",
    "GroupedConvolution",
    "GumbelQuantizer",
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
    "PostNormDecoderBlock",
    "PreNormBlock",
    "RelativePositionBias",
    "SegmentIds",
    "SelfAttention",
    "StandardizeWaveform",
    "T5Block",
    "TokenPooling",
    "VectorQueue",
    "VectorTable",
    "WeightNormDense",
    "Whiten",
    "ZeroMaskedFrames",
    "approximate_gelu",
    "gather_tokens",
    "gumbel_noise",
    "in_blocks",
    "lab_to_rgb",
    "mu_law_decode",
    "mu_law_encode",
    "neighbors",
    "rgb_to_lab",
    "scatter_tokens",
    "with_margins",
]
