"""Variance-invariance-covariance regularization (Bardes, Ponce, LeCun 2021, arXiv 2105.04906)."""

from keras import ops

from mmssl.losses.parts.all_rows import for_products
from mmssl.losses.parts.inputs import float_rows

TARGET = 1.0  # of the standard deviations
EPSILON = 1e-4


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
    centered = _centered([first, second])
    return {
        "invariance": ops.mean(ops.square(first - second)),
        "variance": sum(_variance_terms(*centered, TARGET, EPSILON)) / 2,
        "covariance": sum(_covariance_terms(*centered)),
    }


def variance_term(embeddings, target=TARGET, epsilon=EPSILON):
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
    centered = _centered(float_rows(embeddings=embeddings))
    return _variance_terms(*centered, target, epsilon)[0]


def covariance_term(embeddings):
    """Sums the squared off-diagonal covariances of the dimensions, divided by their number D.

    Args:
        embeddings: (B, D); at least two rows over all replicas.

    Returns:
        Scalar float32, of the global batch, the same on every replica.

    Raises:
        ValueError: the shape is invalid.
    """
    return _covariance_terms(*_centered(float_rows(embeddings=embeddings)))[0]


def _variance_terms(views, degrees, mean, target, epsilon):
    """The variance terms of centered views."""
    squares = mean([ops.sum(ops.square(x), axis=0) for x in views])
    return [ops.mean(ops.relu(target - ops.sqrt(x / degrees + epsilon))) for x in squares]


def _covariance_terms(views, degrees, mean):
    """The covariance terms of centered views."""
    products = mean([ops.matmul(ops.transpose(x), x) for x in views])
    dimensions = views[0].shape[-1]
    off_diagonal = 1 - ops.eye(dimensions)
    return [ops.sum(ops.square(x / degrees * off_diagonal)) / dimensions for x in products]


def _centered(views):
    """Centers views on the means of the global batch.

    Returns:
        list of them; the part of N - 1 that belongs to their rows; and how replicas are averaged.
    """
    views, mean, replicas = for_products(views, matrices=len(views))
    count = ops.cast(ops.shape(views[0])[0], "float32")
    means = mean([ops.mean(x, axis=0) for x in views])
    centered = [x - center for x, center in zip(views, means, strict=True)]
    return centered, ops.maximum(count - 1 / replicas, 0.5), mean
