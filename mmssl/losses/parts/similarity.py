"""Similarities, distances and their contrast, whose values and gradients stay finite."""

from keras import ops

# Squared norms below this count as zero, where square roots have an infinite gradient.
TINY = 1e-12
# The score of excluded entries: far below any other, but finite, so that the logsumexp of nothing
# but excluded entries is not NaN.
MASKED_SCORE = -1e30


def l2_normalize(x):
    """Scales vectors to unit length; the zero vector stays zero, with a finite gradient.

    Args:
        x: float32 (..., D).

    Returns:
        float32 (..., D).
    """
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=-1, keepdims=True), TINY))


def dot(a, b):
    """Computes the dot product of each pair of rows.

    Args:
        a: float32 (B, D).
        b: float32 (B, D).

    Returns:
        float32 (B,).
    """
    return ops.sum(a * b, axis=-1)


def pairwise_dots(rows, others):
    """Computes the dot product of every row with every other vector.

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
    """Computes the squared Euclidean distance of every row to every other vector.

    Args:
        rows: float32 (B, D).
        others: float32 (N, D), of which `rows` are a part.

    Returns:
        float32 (B, N), 0 or more.
    """
    # Distances do not depend on the origin, but their rounding errors do: |a|^2 + |b|^2 - 2 a.b
    # loses digits for points far from it.
    center = ops.stop_gradient(ops.mean(others, axis=0))
    rows, others = rows - center, others - center
    lengths = dot(rows, rows)[:, None] + dot(others, others)[None, :]
    return ops.maximum(lengths - 2 * pairwise_dots(rows, others), 0.0)


def safe_sqrt(squares):
    """Computes the square root of squared distances; where that is zero, so is the gradient.

    Args:
        squares: float32, 0 or more.

    Returns:
        float32 of the same shape, at least 1e-6.
    """
    return ops.sqrt(ops.maximum(squares, TINY))


def cross_entropy_of_positive(positive, negatives):
    """Computes `log(exp(p) + sum_n exp(n)) - p` for each anchor.

    Args:
        positive: float32 (A,), scores p of the positives.
        negatives: float32 (A, N), scores n, `MASKED_SCORE` for excluded ones.

    Returns:
        float32 (A,), in nats.
    """
    # The largest score is subtracted by hand: concatenating positive and negatives into one tensor
    # for logsumexp would copy the largest array of the step.
    top = ops.stop_gradient(ops.maximum(ops.max(negatives, axis=-1), positive))
    total = ops.exp(positive - top) + ops.sum(ops.exp(negatives - top[:, None]), axis=-1)
    return ops.log(total) + (top - positive)
