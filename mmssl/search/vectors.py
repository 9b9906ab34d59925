"""Vectors in blocks, and scaled to length 1."""

import numpy as np

BLOCK_BYTES = 2**24  # of vectors that are read or copied at once


def blocks(vectors):
    """Cuts the rows of vectors into slices of at most `BLOCK_BYTES`.

    Args:
        vectors: array (N, D).

    Returns:
        list of slice.
    """
    rows = max(1, BLOCK_BYTES // (vectors.itemsize * vectors.shape[1]))
    return [slice(i, min(i + rows, len(vectors))) for i in range(0, len(vectors), rows)]


def unit(vectors):
    """Scales vectors to length 1; those of length 0 stay.

    Args:
        vectors: floats (N, D).

    Returns:
        float32 array (N, D).
    """
    lengths = np.linalg.norm(np.asarray(vectors, np.float64), axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
