"""Keras layers that Keras and KerasHub lack."""

from mmssl.layers.attention import CausalMask, PaddingMask, PreNormBlock, SelfAttention
from mmssl.layers.attention_bias import AlibiBias, BucketedPositionBias, RelativePositionBias
from mmssl.layers.attention_pattern import AttentionPattern
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
from mmssl.layers.captioned import Begun, CaptionedPositions, LastTokensMean, OwnPadding
from mmssl.layers.channels import LabChannels, PadChannels, SplitChannels, TakeChannels
from mmssl.layers.code_positions import FactoredMask, ShiftedCodes, StartLabels
from mmssl.layers.codebook import VectorQuantizer, straight_through
from mmssl.layers.color import (
    ColorBins,
    Lightness,
    hue_and_chroma,
    lab_to_rgb,
    rgb_of_hue,
    rgb_to_lab,
)
from mmssl.layers.columns import TableValues
from mmssl.layers.convolution import (
    CausalEmbedding,
    FrameUpsampling,
    GatedUnit,
    GroupedConvolution,
    ReflectionPadding,
)
from mmssl.layers.cross_attention import CrossAttention, PostNormDecoderBlock, T5Block
from mmssl.layers.dense import ChannelwiseDense, TiedDense, WeightNormDense
from mmssl.layers.dilated import DilatedUnit
from mmssl.layers.frames import FramesAsImages, ImagesAsFrames
from mmssl.layers.gelu import GeluDense, approximate_gelu
from mmssl.layers.gumbel_codebook import GumbelCodebook
from mmssl.layers.layer_normalization import LayerNormalization
from mmssl.layers.likelihood import LogitLaplaceMedian
from mmssl.layers.masked_convolution import MaskedConv2D, causal_mask
from mmssl.layers.masking import FillGaps, MaskFill, MaskToken, NoiseTable
from mmssl.layers.memory import MemoryBank, VectorMemory
from mmssl.layers.neighborhoods import in_blocks, neighbors, with_margins
from mmssl.layers.normalization import ChannelNormalization, LayerScale, Standardize
from mmssl.layers.palette import Palette
from mmssl.layers.patches import (
    OverlappingPatches,
    PatchMap,
    patch_statistics,
    patchify,
    unpatchify,
)
from mmssl.layers.pixel_recurrence import DiagonalBiLSTM, RowLSTM, skew, unskew
from mmssl.layers.pooling import (
    AtLeast,
    EndToken,
    FrameMask,
    GridPooling,
    MaskedMean,
    MaskedStatistics,
    TokenPooling,
    ZeroMaskedFrames,
)
from mmssl.layers.positions import GridPositions, PatchPositions, PositionIds, SegmentIds
from mmssl.layers.quantization import GumbelQuantizer, gumbel_noise
from mmssl.layers.queue import VectorQueue
from mmssl.layers.raster_inputs import (
    CodeVectors,
    Intensities,
    from_intensities,
    to_intensities,
)
from mmssl.layers.recurrent import DualGRU, gated_step
from mmssl.layers.reversal import ReverseTokens
from mmssl.layers.rms_block import RMSNormBlock, ShiftedByStart
from mmssl.layers.sampling import Enlarge, bilinear_samples
from mmssl.layers.sentences import GroupTokens, SentenceMask, SentenceMean, ZeroMaskedTokens
from mmssl.layers.sequence_pooling import MaskedMax, WeightedMean
from mmssl.layers.som import PrototypeGrid
from mmssl.layers.table import VectorTable
from mmssl.layers.tokens import ClassToken, LearnedTokens, gather_tokens, scatter_tokens
from mmssl.layers.whitening import Whiten

__all__ = [
    "AlibiBias",
    "AtLeast",
    "AttentionPattern",
    "Begun",
    "BucketedPositionBias",
    "CaptionedPositions",
    "CausalEmbedding",
    "CausalMask",
    "ChannelNormalization",
    "ChannelwiseDense",
    "ClassToken",
    "CodeVectors",
    "ColorBins",
    "CrossAttention",
    "DiagonalBiLSTM",
    "DilatedUnit",
    "DualGRU",
    "EndToken",
    "Enlarge",
    "FactoredMask",
    "FillGaps",
    "FrameMask",
    "FrameUpsampling",
    "FramesAsImages",
    "GatedUnit",
    "GeluDense",
    "GridPooling",
    "GridPositions",
    "GroupTokens",
    "GroupedConvolution",
    "GumbelCodebook",
    "GumbelQuantizer",
    "ImagesAsFrames",
    "Intensities",
    "LabChannels",
    "LastTokensMean",
    "LayerNormalization",
    "LayerScale",
    "LearnedTokens",
    "Lightness",
    "LogMel",
    "LogitLaplaceMedian",
    "MaskFill",
    "MaskToken",
    "MaskedConv2D",
    "MaskedMax",
    "MaskedMean",
    "MaskedStatistics",
    "MemoryBank",
    "MuLaw",
    "NoiseTable",
    "NormalizeLevel",
    "OverlappingPatches",
    "OwnPadding",
    "PadChannels",
    "PaddingMask",
    "Palette",
    "PatchMap",
    "PatchPositions",
    "PositionIds",
    "PostNormDecoderBlock",
    "PreNormBlock",
    "PrototypeGrid",
    "RMSNormBlock",
    "ReflectionPadding",
    "RelativePositionBias",
    "ReverseTokens",
    "RowLSTM",
    "SegmentIds",
    "SelfAttention",
    "SentenceMask",
    "SentenceMean",
    "ShiftedByStart",
    "ShiftedCodes",
    "SplitBytes",
    "SplitChannels",
    "Standardize",
    "StandardizeWaveform",
    "StartLabels",
    "T5Block",
    "TableValues",
    "TakeChannels",
    "TiedDense",
    "TokenPooling",
    "VectorMemory",
    "VectorQuantizer",
    "VectorQueue",
    "VectorTable",
    "WeightNormDense",
    "WeightedMean",
    "Whiten",
    "ZeroMaskedFrames",
    "ZeroMaskedTokens",
    "approximate_gelu",
    "bilinear_samples",
    "causal_mask",
    "from_intensities",
    "gated_step",
    "gather_tokens",
    "gumbel_noise",
    "hue_and_chroma",
    "in_blocks",
    "join_bytes",
    "lab_to_rgb",
    "mu_law_decode",
    "mu_law_encode",
    "neighbors",
    "patch_statistics",
    "patchify",
    "rgb_of_hue",
    "rgb_to_lab",
    "scatter_tokens",
    "skew",
    "split_bytes",
    "straight_through",
    "to_intensities",
    "unpatchify",
    "unskew",
    "with_margins",
]
