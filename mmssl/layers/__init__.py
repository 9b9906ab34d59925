"""Keras layers that Keras and KerasHub lack."""

from mmssl.layers.attention import CausalMask, PaddingMask, SelfAttention
from mmssl.layers.causal import CausalEmbedding, GatedUnit
from mmssl.layers.channelwise_dense import ChannelwiseDense
from mmssl.layers.color_bins import ColorBins
from mmssl.layers.level import NormalizeLevel
from mmssl.layers.lightness import Lightness
from mmssl.layers.mask_fill import MaskFill
from mmssl.layers.mu_law import MuLaw, mu_law_decode, mu_law_encode
from mmssl.layers.pooling import FrameMask, GridPooling, MaskedMean, MaskedStatistics
from mmssl.layers.pre_norm import PreNormBlock, approximate_gelu
from mmssl.layers.segments import SegmentIds
from mmssl.layers.upsampling import FrameUpsampling

__all__ = [
    "CausalEmbedding",
    "CausalMask",
    "ChannelwiseDense",
    "ColorBins",
    "FrameMask",
    "FrameUpsampling",
    "GatedUnit",
    "GridPooling",
    "Lightness",
    "MaskFill",
    "MaskedMean",
    "MaskedStatistics",
    "MuLaw",
    "NormalizeLevel",
    "PaddingMask",
    "PreNormBlock",
    "SegmentIds",
    "SelfAttention",
    "approximate_gelu",
    "mu_law_decode",
    "mu_law_encode",
]
