"""Variance, invariance, covariance (Bardes, Ponce, LeCun 2021, arXiv 2105.04906)."""

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.inputs import float_rows


def vicreg_loss(first, second, invariance_weight=25.0, variance_weight=25.0, covariance_weight=1.0):
    """Adds the three terms of `vicreg_terms` with the paper's weights.

    Args:
        first: (B, D), one view of each example.
        second: (B, D), the other.
        invariance_weight: lambda.
        variance_weight: mu.
        covariance_weight: nu.

    Returns:
        Scalar float32, the mean over this replica's rows plus the whole batch's statistics.

    Raises:
        ValueError: shapes do not fit.
    """
    terms = vicreg_terms(first, second)
    return (
        invariance_weight * terms["invariance"]
        + variance_weight * terms["variance"]
        + covariance_weight * terms["covariance"]
    )


def vicreg_terms(first, second):
    """Measures what VICReg weighs.

    Args:
        first: (B, D), one view of each example.
        second: (B, D), the other.

    Returns:
        dict of scalars float32: `invariance`, the mean squared difference over rows and
        dimensions; `variance`, the mean of both views' `variance_term`; `covariance`, the sum of
        their `covariance_term`, both as in the official code (the paper sums the variances).

    Raises:
        ValueError: shapes do not fit.
    """
    first, second = float_rows(first=first, second=second)
    return {
        "invariance": ops.mean(ops.square(first - second)),
        "variance": (variance_term(first) + variance_term(second)) / 2,
        "covariance": covariance_term(first) + covariance_term(second),
    }


def variance_term(embeddings, target=1.0, epsilon=1e-4):
    """Averages over dimensions what their standard deviation lacks.

        mean_d max(0, target - sqrt(Var_d + epsilon))

    Args:
        embeddings: (B, D); two rows or more on all replicas together.
        target: the deviation that is enough; above 0.
        epsilon: keeps the gradient finite where nothing varies; above 0.

    Returns:
        Scalar float32, of the whole batch, the same on every replica.

    Raises:
        ValueError: the shape does not fit.
    """
    centered, degrees = _center(embeddings)
    variances = distribution.mean(ops.sum(ops.square(centered), axis=0)) / degrees
    return ops.mean(ops.relu(target - ops.sqrt(variances + epsilon)))


def covariance_term(embeddings):
    """Adds up the squared covariances of different dimensions, over their number D.

    Args:
        embeddings: (B, D); two rows or more on all replicas together.

    Returns:
        Scalar float32, of the whole batch, the same on every replica.

    Raises:
        ValueError: the shape does not fit.
    """
    centered, degrees = _center(embeddings)
    covariance = distribution.mean(ops.matmul(ops.transpose(centered), centered)) / degrees
    dimensions = centered.shape[-1]
    return ops.sum(ops.square(covariance * (1 - ops.eye(dimensions)))) / dimensions


def _center(embeddings):
    """Takes the whole batch's mean from its rows; counts a replica's share of N - 1."""
    (rows,) = float_rows(embeddings=embeddings)
    count = ops.cast(ops.shape(rows)[0], "float32")
    centered = rows - distribution.mean(ops.mean(rows, axis=0))
    return centered, ops.maximum(count - 1 / distribution.num_replicas(), 0.5)
