"""Keras layers that Keras and KerasHub lack."""

from mmssl.layers.causal import CausalEmbedding, GatedUnit
from mmssl.layers.causal_attention import CausalAttention, CausalMask
from mmssl.layers.channelwise_dense import ChannelwiseDense
from mmssl.layers.color_bins import ColorBins
from mmssl.layers.level import NormalizeLevel
from mmssl.layers.lightness import Lightness
from mmssl.layers.mask_fill import MaskFill
from mmssl.layers.mu_law import MuLaw, mu_law_decode, mu_law_encode
from mmssl.layers.pooling import FrameMask, GridPooling, MaskedMean, MaskedStatistics
from mmssl.layers.segments import SegmentIds
from mmssl.layers.upsampling import FrameUpsampling

__all__ = [
    "CausalAttention",
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
    "SegmentIds",
    "mu_law_decode",
    "mu_law_encode",
]
