"""Keras layers that Keras and KerasHub lack."""

from mmssl.layers.attention import CausalMask, PaddingMask, SelfAttention
from mmssl.layers.causal import CausalEmbedding, GatedUnit
from mmssl.layers.channel_norm import ChannelNormalization
from mmssl.layers.channelwise_dense import ChannelwiseDense
from mmssl.layers.color_bins import ColorBins
from mmssl.layers.grouped_convolution import GroupedConvolution
from mmssl.layers.layer_scale import LayerScale
from mmssl.layers.level import NormalizeLevel, StandardizeWaveform
from mmssl.layers.lightness import Lightness
from mmssl.layers.linear_bias import LinearBias
from mmssl.layers.log_mel import LogMel
from mmssl.layers.mask_fill import MaskFill
from mmssl.layers.mask_token import MaskToken
from mmssl.layers.mu_law import MuLaw, mu_law_decode, mu_law_encode
from mmssl.layers.noise_table import NoiseTable
from mmssl.layers.patch_tokens import ClassToken, GridPositions, TokenPooling
from mmssl.layers.places import Places
from mmssl.layers.pooling import (
    FrameMask,
    GridPooling,
    KeptFrames,
    MaskedMean,
    MaskedStatistics,
)
from mmssl.layers.pre_norm import PreNormBlock, approximate_gelu
from mmssl.layers.queue import VectorQueue
from mmssl.layers.relative_bias import RelativePositionBias
from mmssl.layers.segments import SegmentIds
from mmssl.layers.token_places import pick, restore
from mmssl.layers.unit_dense import UnitDense
from mmssl.layers.upsampling import FrameUpsampling

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
    "mu_law_decode",
    "mu_law_encode",
    "pick",
    "restore",
]
