"""Approximate search with FAISS, for indexes too large to compare every vector with each query.

The vectors are sorted into about sqrt(N) cells around centers of k-means (an inverted file, Sivic,
Zisserman 2003; Johnson, Douze, Jegou 2017, arXiv 1702.08734), and a query is compared with those of
the nearest cells only. A graph (HNSW) reaches the same recall, but takes some twenty times as long
to build, which here follows every update, and has to be loaded whole; see docs/search.md.
"""

import logging
import math

import numpy as np

from mmssl.deploy.extras import require
from mmssl.search.exact import nearest as exact_nearest
from mmssl.search.vectors import blocks

EXACT_BELOW = 50_000  # vectors; so many are compared in some milliseconds
FILE = "nearest.faiss"
RECALL, NEIGHBORS, SAMPLE = 0.99, 10, 500  # what is aimed at, of how many, on how many items
_POINTS = 64  # vectors per cell that k-means is given
_ROUNDING = 1e-6  # by which a cosine of FAISS may differ from that of NumPy
logger = logging.getLogger(__name__)


def is_wanted(count):
    """Says whether an index is so large that approximate search pays, and FAISS is installed.

    Args:
        count: int, number of vectors.
    """
    if count < EXACT_BELOW:
        return False
    try:
        require("search", "faiss")
    except ImportError as missing:
        logger.warning(
            "%d vectors are all compared with each query; to be faster: %s", count, missing
        )
        return False
    return True


def build(vectors, folder):
    """Writes `nearest.faiss`, and measures its recall against exact search.

    As many cells are searched as it takes for the recall of 0.99.

    Args:
        vectors: float32 (N, D) of length 1 each.
        folder: pathlib.Path of the index folder, not yet in its place.

    Returns:
        dict of JSON values: `cells`, `searched`, `recall`, the share of the `neighbors` nearest
        other items that are found, and `sample`, the number of items that it was measured on.
    """
    import faiss

    cells, rng = math.isqrt(len(vectors)), np.random.default_rng(0)
    index = faiss.index_factory(vectors.shape[1], f"IVF{cells},Flat", faiss.METRIC_INNER_PRODUCT)
    index.train(_sample(vectors, cells * _POINTS, rng))
    for block in blocks(vectors):
        index.add(np.ascontiguousarray(vectors[block]))
    measured = _measure(index, vectors, cells, rng)
    faiss.write_index(index, str(folder / FILE))
    return {"cells": cells, **measured}


def open_approximate(folder, vectors, measured):
    """Opens what `build` has written to an index folder.

    Args:
        folder: pathlib.Path of the index folder.
        vectors: float32 (N, D), its vectors.
        measured: what `build` returned; None where the index was written without FAISS.

    Returns:
        Approximate, or None where every vector is compared.

    Raises:
        ValueError: `nearest.faiss` is damaged.
    """
    if not is_wanted(len(vectors)):
        return None
    if measured is None:
        logger.warning(
            "%s was built without FAISS, and all its vectors are compared with each query: "
            "build it again to be faster.",
            folder,
        )
        return None
    return Approximate(folder, vectors, measured["searched"])


class Approximate:
    """Approximate search in an index folder.

    Args:
        folder: pathlib.Path of the index folder.
        vectors: float32 (N, D), its vectors.
        searched: number of cells that are searched.

    Raises:
        ValueError: `nearest.faiss` is damaged.
    """

    def __init__(self, folder, vectors, searched):
        import faiss

        path = folder / FILE
        try:
            self.index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        except RuntimeError:
            raise ValueError(f"{path} is damaged: build the index again.") from None
        if (self.index.ntotal, self.index.d) != vectors.shape:
            raise ValueError(f"{path} is of other vectors: build the index again.")
        self.index.nprobe, self.vectors = searched, vectors

    def nearest(self, queries, k):
        """Finds vectors with a large cosine to each query; see `mmssl.search.exact.nearest`."""
        cosines, rows = self.index.search(queries, k)
        short = (rows < 0).any(axis=1)  # the cells that were searched hold fewer than k
        if short.any():
            rows[short], cosines[short] = exact_nearest(self.vectors, queries[short], k)
        return rows, cosines


def _sample(vectors, count, rng):
    rows = rng.choice(len(vectors), min(count, len(vectors)), replace=False)
    return np.ascontiguousarray(vectors[np.sort(rows)])


def _measure(index, vectors, cells, rng):
    queries = _sample(vectors, SAMPLE, rng)
    # One more, for each finds itself, which is no merit. Of equal ones, any will do.
    least = exact_nearest(vectors, queries, NEIGHBORS + 1)[1][:, -1:] - _ROUNDING
    index.nprobe = 1
    while True:
        found = index.search(queries, NEIGHBORS + 1)[0][:, 1:]
        recall = float(np.mean(found >= least))
        if recall >= RECALL or index.nprobe >= cells:
            break
        index.nprobe = min(2 * index.nprobe, cells)
    figures = {"searched": index.nprobe, "recall": round(recall, 4)}
    return {**figures, "neighbors": NEIGHBORS, "sample": len(queries)}
