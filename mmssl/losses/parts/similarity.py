"""Cosines and distances whose values and gradients stay finite."""

from keras import ops

# Squared lengths below this count as zero: roots have no gradient there.
TINY = 1e-12
# The score of what must not be chosen. Far below any score, and finite, so that nothing but
# excluded entries sums to a number.
MASKED_SCORE = -1e30


def l2_normalize(x):
    """Scales vectors to length one; the zero vector stays zero, with a finite gradient.

    Args:
        x: float32 (..., D).

    Returns:
        float32 (..., D).
    """
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=-1, keepdims=True), TINY))


def dot(a, b):
    """Multiplies vectors pair by pair.

    Args:
        a: float32 (B, D).
        b: float32 (B, D).

    Returns:
        float32 (B,).
    """
    return ops.sum(a * b, axis=-1)


def pairwise_dots(rows, others):
    """Multiplies every row with every other vector.

    Args:
        rows: float32 (B, D).
        others: float32 (N, D), shared by all rows, or (B, N, D), each row's own.

    Returns:
        float32 (B, N).
    """
    if len(others.shape) == 3:
        return ops.einsum("bd,bnd->bn", rows, others)
    return ops.matmul(rows, ops.transpose(others))


def squared_distances(rows, others):
    """Squares the Euclidean distance of every row to every other vector.

    Args:
        rows: float32 (B, D).
        others: float32 (N, D), those that `rows` lie among.

    Returns:
        float32 (B, N), 0 or more.
    """
    # Distances do not depend on the origin, their rounding does: |a|^2 + |b|^2 - 2 a.b loses
    # digits where the points lie far from it.
    center = ops.stop_gradient(ops.mean(others, axis=0))
    rows, others = rows - center, others - center
    lengths = dot(rows, rows)[:, None] + dot(others, others)[None, :]
    return ops.maximum(lengths - 2 * pairwise_dots(rows, others), 0.0)


def safe_sqrt(squares):
    """Takes the root of squared distances; where that is zero, so is the gradient.

    Args:
        squares: float32, 0 or more.

    Returns:
        float32 of the same shape, at least 1e-6.
    """
    return ops.sqrt(ops.maximum(squares, TINY))
