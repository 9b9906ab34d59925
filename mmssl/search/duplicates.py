"""Near duplicates: groups of items that are linked by pairs of nearly equal vectors."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ROWS = 1024  # compared with as many others at once
_ROUNDING = 1e-6  # the cosine of a vector of length 1 with itself may fall short of 1 by this


def find_duplicates(vectors, threshold, progress=None):
    """Groups vectors by the pairs whose cosine is at least a threshold; every pair is compared.

    Two of one group need not be that near each other: others may lie between them.

    Args:
        vectors: float32 (N, D) of length 1 each, such as a memmap.
        threshold: float, above 0, at most 1.
        progress: None or function (vectors done, N).

    Returns:
        pair of a list of int64 arrays, the rows of each group of two or more, the largest group
        first; and float32 (N,), the largest cosine of each vector to another one of its group.

    Raises:
        ValueError: the threshold is out of range.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold={threshold} must be above 0 and at most 1.")
    groups, nearest = np.arange(len(vectors)), np.zeros(len(vectors), np.float32)
    for begin in range(0, len(vectors), ROWS):
        for other in range(begin, len(vectors), ROWS):
            pairs = _pairs(vectors, begin, other, threshold - _ROUNDING, nearest)
            groups = _joined(groups, pairs)
        if progress is not None:
            progress(min(begin + ROWS, len(vectors)), len(vectors))
    return _by_size(groups), nearest


def _pairs(vectors, begin, other, least, nearest):
    """Returns the pairs (2, P) between two blocks, and notes the cosines of both."""
    cosines = vectors[begin : begin + ROWS] @ vectors[other : other + ROWS].T
    if begin == other:
        np.fill_diagonal(cosines, -1)
    near = np.stack(np.nonzero(cosines >= least))
    if near.size:
        found = np.minimum(cosines[near[0], near[1]], 1)
        np.maximum.at(nearest, begin + near[0], found)
        np.maximum.at(nearest, other + near[1], found)
    return near + np.array([[begin], [other]])


def _joined(groups, pairs):
    """Joins the groups that pairs of rows link; (N,) numbers of groups in and out."""
    linked, count = groups[pairs], len(groups)
    linked = linked[:, linked[0] != linked[1]]
    if not linked.size:
        return groups
    edges = coo_array((np.ones(linked.shape[1], bool), tuple(linked)), shape=(count, count))
    return connected_components(edges, directed=False)[1][groups]


def _by_size(groups):
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    parts = [part for part in np.split(order, starts[1:]) if len(part) > 1]
    return sorted(parts, key=lambda part: (-len(part), part[0]))
