"""Search by embedding: an index of vectors on disk, the nearest items, near duplicates."""

from mmssl.search.index import Changes, Index, Match, Result

__all__ = ["Changes", "Index", "Match", "Result"]
