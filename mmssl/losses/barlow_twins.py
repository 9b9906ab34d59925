"""Redundancy reduction (Zbontar, Jing, Misra, LeCun, Deny 2021, arXiv 2103.03230)."""

from keras import ops

from mmssl.losses.parts.all_rows import for_products
from mmssl.losses.parts.inputs import float_rows


def barlow_twins_loss(first, second, off_diagonal_weight=0.0051):
    """Penalizes the deviation of the two views' cross-correlation matrix C from the identity.

        sum_i (C_ii - 1)^2 + off_diagonal_weight * sum_{i != j} C_ij^2

    The loss is a sum over dimensions: it grows with their number, and the best weight shrinks.

    Args:
        first: (B, D), one view of each example.
        second: (B, D), the other.
        off_diagonal_weight: lambda, 0.0051 in the paper at D = 8192; 0 or more.

    Returns:
        Scalar float32, of the global batch, the same on every replica.

    Raises:
        ValueError: the shapes are incompatible, or the weight is below 0.
    """
    if off_diagonal_weight < 0:
        raise ValueError(f"off_diagonal_weight must be 0 or more; got {off_diagonal_weight}.")
    correlation = cross_correlation(first, second)
    identity = ops.eye(correlation.shape[0])
    weights = ops.where(identity > 0, 1.0, off_diagonal_weight)
    return ops.sum(weights * ops.square(correlation - identity))


def cross_correlation(first, second, epsilon=1e-5):
    """Computes the cross-correlation matrix of two views' dimensions over the global batch.

    Args:
        first: (B, D).
        second: (B, D).
        epsilon: added to the variances, as in batch norm; above 0.

    Returns:
        float32 (D, D), the same on every replica; rows are dimensions of `first`.

    Raises:
        ValueError: the shapes are incompatible.
    """
    views, mean, _ = for_products(float_rows(first=first, second=second), matrices=1)
    first, second = _standardized(views, mean, epsilon)
    rows = ops.cast(ops.shape(first)[0], "float32")
    return mean([ops.matmul(ops.transpose(first), second) / rows])[0]


def _standardized(views, mean, epsilon):
    means = mean([ops.mean(x, axis=0) for x in views])
    centered = [x - center for x, center in zip(views, means, strict=True)]
    variances = mean([ops.mean(ops.square(x), axis=0) for x in centered])
    return [x * ops.rsqrt(v + epsilon) for x, v in zip(centered, variances, strict=True)]
