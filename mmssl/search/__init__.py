"""Search by embedding: an index of vectors on disk, the nearest items, near duplicates."""

from mmssl.search.index import Index
from mmssl.search.results import Match, Result
from mmssl.search.updates import Changes

__all__ = ["Changes", "Index", "Match", "Result"]
