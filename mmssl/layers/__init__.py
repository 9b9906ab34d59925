"""Keras layers that Keras and KerasHub lack."""

from mmssl.layers.color_bins import ColorBins
from mmssl.layers.level import NormalizeLevel
from mmssl.layers.lightness import Lightness
from mmssl.layers.pooling import FrameMask, GridPooling, MaskedMean, MaskedStatistics
from mmssl.layers.segments import SegmentIds

__all__ = [
    "ColorBins",
    "FrameMask",
    "GridPooling",
    "Lightness",
    "MaskedMean",
    "MaskedStatistics",
    "NormalizeLevel",
    "SegmentIds",
]
