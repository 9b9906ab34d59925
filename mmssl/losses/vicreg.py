"""Variance-invariance-covariance regularization (Bardes, Ponce, LeCun 2021, arXiv 2105.04906)."""

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.inputs import float_rows


def vicreg_loss(first, second, invariance_weight=25.0, variance_weight=25.0, covariance_weight=1.0):
    """Sums the three terms of `vicreg_terms`, by default with the paper's weights.

    Args:
        first: (B, D), one view of each example.
        second: (B, D), the other.
        invariance_weight: lambda.
        variance_weight: mu.
        covariance_weight: nu.

    Returns:
        Scalar float32, the mean over this replica's rows plus statistics of the global batch.

    Raises:
        ValueError: the shapes are incompatible.
    """
    terms = vicreg_terms(first, second)
    return (
        invariance_weight * terms["invariance"]
        + variance_weight * terms["variance"]
        + covariance_weight * terms["covariance"]
    )


def vicreg_terms(first, second):
    """Computes the three terms of the VICReg loss, unweighted.

    Args:
        first: (B, D), one view of each example.
        second: (B, D), the other.

    Returns:
        dict of float32 scalars: `invariance`, the mean squared difference over rows and
        dimensions; `variance`, the mean of both views' `variance_term`; `covariance`, the sum of
        their `covariance_term`, both as in the official code (the paper sums the variances).

    Raises:
        ValueError: the shapes are incompatible.
    """
    first, second = float_rows(first=first, second=second)
    return {
        "invariance": ops.mean(ops.square(first - second)),
        "variance": (variance_term(first) + variance_term(second)) / 2,
        "covariance": covariance_term(first) + covariance_term(second),
    }


def variance_term(embeddings, target=1.0, epsilon=1e-4):
    """Computes a hinge loss on the standard deviation of each dimension, averaged over dimensions.

        mean_d max(0, target - sqrt(Var_d + epsilon))

    Args:
        embeddings: (B, D); at least two rows over all replicas.
        target: standard deviation above which the loss is zero; above 0.
        epsilon: keeps the gradient finite where the variance is zero; above 0.

    Returns:
        Scalar float32, of the global batch, the same on every replica.

    Raises:
        ValueError: the shape is invalid.
    """
    centered, degrees = _center(embeddings)
    variances = distribution.mean(ops.sum(ops.square(centered), axis=0)) / degrees
    return ops.mean(ops.relu(target - ops.sqrt(variances + epsilon)))


def covariance_term(embeddings):
    """Sums the squared off-diagonal covariances of the dimensions, divided by their number D.

    Args:
        embeddings: (B, D); at least two rows over all replicas.

    Returns:
        Scalar float32, of the global batch, the same on every replica.

    Raises:
        ValueError: the shape is invalid.
    """
    centered, degrees = _center(embeddings)
    covariance = distribution.mean(ops.matmul(ops.transpose(centered), centered)) / degrees
    dimensions = centered.shape[-1]
    return ops.sum(ops.square(covariance * (1 - ops.eye(dimensions)))) / dimensions


def _center(embeddings):
    """Centers rows on the global batch's mean; also returns this replica's part of N - 1."""
    (rows,) = float_rows(embeddings=embeddings)
    count = ops.cast(ops.shape(rows)[0], "float32")
    centered = rows - distribution.mean(ops.mean(rows, axis=0))
    return centered, ops.maximum(count - 1 / distribution.num_replicas(), 0.5)
