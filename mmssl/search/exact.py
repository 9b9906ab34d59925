"""Exact search: every vector is compared, in blocks that are read from disk one after the other."""

import numpy as np

from mmssl.evaluation.probes.knn import largest
from mmssl.search.vectors import blocks

QUERIES = 256  # compared at once


def nearest(vectors, queries, k):
    """Finds the vectors with the largest cosine to each query, in memory that N does not change.

    Args:
        vectors: float32 (N, D) of length 1 each, such as a memmap.
        queries: float32 (M, D) of length 1 each.
        k: int, 1 to N.

    Returns:
        pair of int64 (M, k), the rows, and float32 (M, k), the cosines, largest first.
    """
    rows = np.empty((len(queries), k), np.int64)
    cosines = np.empty((len(queries), k), np.float32)
    for i in range(0, len(queries), QUERIES):
        chosen = slice(i, i + QUERIES)
        rows[chosen], cosines[chosen] = _nearest(vectors, queries[chosen], k)
    return rows, cosines


def _nearest(vectors, queries, k):
    rows, cosines = np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
    for block in blocks(vectors):
        found = queries @ vectors[block].T
        numbers = np.broadcast_to(np.arange(block.start, block.stop), found.shape)
        cosines = np.concatenate([cosines, found], axis=1)
        rows = np.concatenate([rows, numbers], axis=1)
        places, cosines = largest(cosines, min(k, cosines.shape[1]))
        rows = np.take_along_axis(rows, places, axis=1)
    return rows, cosines
