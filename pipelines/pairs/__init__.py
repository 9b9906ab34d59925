"""Pairs of halves of any two modalities: how they are joined, and their batches."""

from mmssl.pipelines.pairs.captioned_codes import CaptionedCodes
from mmssl.pipelines.pairs.filtered import FilteredPairs
from mmssl.pipelines.pairs.pairs import Pairs

__all__ = ["CaptionedCodes", "FilteredPairs", "Pairs"]
