"""Metrics that distinguish collapsed embeddings from healthy ones, without labels."""

import numpy as np
from threadpoolctl import threadpool_limits

_CHUNK = 1024


def embedding_std(embeddings):
    """Standard deviation of unit-length embeddings, averaged over dimensions.

    It is about `1 / sqrt(D)` for embeddings spread uniformly over the sphere, 0 for equal ones.

    Args:
        embeddings: array (N, D), N at least 2.

    Returns:
        float, 0 to `1 / sqrt(D)`.

    Reference:
        Chen, He 2020, arXiv 2011.10566.
    """
    return float(_unit(embeddings).std(axis=0).mean())


def rankme(embeddings):
    """Effective rank: the exponential of the entropy of the normalized singular values.

    The embeddings are neither centered nor normalized, and the singular values not squared.

    Args:
        embeddings: array (N, D), N at least 2; at least 4 D is recommended.

    Returns:
        float, 1 to about `min(N, D)`.

    Reference:
        Garrido, Balestriero, Najman, LeCun 2022, arXiv 2210.02885.
    """
    return _effective_rank(_singular_values(_validated(embeddings)))


def lidar(views, delta=1e-4):
    """Effective rank of the linear discriminant analysis that tells items by their views.

    The directions along which items lie apart count by how far they do, beside how far the views
    of one item lie apart there: variance that augmentation alone makes does not raise it, unlike
    RankMe. Items are the classes, and the singular values those of the between-class covariance
    whitened by the within-class covariance plus `delta` times the identity.

    Args:
        views: array (N, Q, D), Q views of each of N items; N and Q at least 2.
        delta: regularization of the covariance within items, above 0, in squared units of the
            embeddings.

    Returns:
        float, 1 to about `min(N - 1, D)`.

    Raises:
        ValueError: there is a single item or a single view of each, or delta is not above 0.

    Reference:
        Thilak et al. 2023, arXiv 2312.04000.
    """
    array = np.asarray(views, np.float64)
    if array.ndim != 3 or min(array.shape[:2]) < 2 or delta <= 0:
        raise ValueError(
            "lidar takes views (N, Q, D) with N and Q at least 2 and a delta above 0; got "
            f"{array.shape} and {delta}."
        )
    count, number, width = array.shape
    _validated(array.reshape(-1, width))
    means = array.mean(axis=1)
    within = (array - means[:, None]).reshape(-1, width) / np.sqrt(count * number)
    between = (means - means.mean(axis=0)) / np.sqrt(count)
    return _effective_rank(_singular_values(_whitened(between, within, delta)) ** 2)


def _whitened(rows, within, delta):
    """Multiplies rows by the inverse square root of `within.T @ within + delta * identity`.

    That matrix is never formed: it may be far wider than there are rows.
    """
    with threadpool_limits(1, "blas"):
        _, values, axes = np.linalg.svd(within, full_matrices=False)
        along = rows @ axes.T
        rest = rows - along @ axes
        return (along / np.sqrt(values**2 + delta)) @ axes + rest / np.sqrt(delta)


def alignment(first, second, alpha=2.0):
    """Mean distance between the embeddings of two views of the same item.

    Args:
        first: array (N, D).
        second: array (N, D), the other view of each row.
        alpha: exponent of the distance, above 0.

    Returns:
        float: 0 for equal directions, 2 for orthogonal and 4 for opposite ones at `alpha=2`.

    Raises:
        ValueError: the two arrays differ in shape.

    Reference:
        Wang, Isola 2020, arXiv 2005.10242.
    """
    first, second = _unit(first), _unit(second)
    if first.shape != second.shape:
        raise ValueError(
            f"alignment compares views row by row; got shapes {first.shape} and {second.shape}."
        )
    return float(np.mean(np.linalg.norm(first - second, axis=1) ** alpha))


def uniformity(embeddings, t=2.0):
    """Logarithm of the mean Gaussian potential over all pairs of distinct embeddings.

    Args:
        embeddings: array (N, D), N at least 2.
        t: inverse width of the Gaussian, above 0.

    Returns:
        float: 0 if all are equal, close to -4 for a uniform spread at `t=2`.

    Reference:
        Wang, Isola 2020, arXiv 2005.10242.
    """
    unit = _unit(embeddings)
    squares = np.sum(unit**2, axis=1)
    count, total = len(unit), 0.0
    for start in range(0, count, _CHUNK):
        rows = slice(start, start + _CHUNK)
        distances = squares[rows, None] + squares - 2 * unit[rows] @ unit.T
        potential = np.exp(-t * np.maximum(distances, 0))
        # Each pair is counted once, at its lower row; a row is not paired with itself.
        total += np.triu(potential, k=start + 1).sum()
    return float(np.log(total / (count * (count - 1) / 2)))


def mean_cosine(embeddings):
    """Mean cosine over all pairs of distinct embeddings.

    Args:
        embeddings: array (N, D), N at least 2.

    Returns:
        float, -1 to 1: near 0 for a uniform spread, 1 if all have the same direction.
    """
    unit = _unit(embeddings)
    count = len(unit)
    pairs = np.sum(unit.sum(axis=0) ** 2) - np.sum(unit**2)
    return float(pairs / (count * (count - 1)))


def top_variance_ratio(embeddings):
    """Fraction of the variance of unit-length embeddings along their first principal component.

    It is the largest eigenvalue of their covariance divided by the sum of all. Embeddings that
    collapse to two opposite points have a large spread and a low mean cosine, but a ratio of 1.

    Args:
        embeddings: array (N, D), N at least 2.

    Returns:
        float, 1 / D for a uniform spread, 1 if they lie on a line or are all equal.
    """
    unit = _unit(embeddings)
    variances = _singular_values(unit - unit.mean(axis=0)) ** 2
    total = variances.sum()
    # Equal rows differ only by rounding.
    return float(variances[0] / total) if total > 1e-12 * len(unit) else 1.0


def correlation(embeddings):
    """Mean absolute correlation between different dimensions.

    Constant dimensions are excluded, since they have no correlation. Independent ones give
    about `sqrt(2 / (pi N))`, 0.05 for 256 embeddings.

    Args:
        embeddings: array (N, D), N at least 2.

    Returns:
        float: 0 if all dimensions are uncorrelated, 1 if they all repeat each other or fewer than
        two vary.
    """
    array = _validated(embeddings)
    centered = array - array.mean(axis=0)
    lengths = np.linalg.norm(centered, axis=0)
    # Equal numbers minus their mean leave only rounding errors.
    varies = lengths > 1e-7 * np.linalg.norm(array, axis=0)
    unit, width = centered[:, varies] / lengths[varies], int(varies.sum())
    if width < 2:
        return 1.0
    total = 0.0
    for start in range(0, width, _CHUNK):
        # Each pair is counted once, at its lower dimension.
        correlations = np.abs(unit[:, start : start + _CHUNK].T @ unit[:, start:])
        total += np.triu(correlations, k=1).sum()
    return float(total / (width * (width - 1) / 2))


def diagnose(embeddings):
    """Computes all metrics that need a single view.

    Args:
        embeddings: array (N, D), N at least 2.

    Returns:
        dict of float: `embedding_std_ratio` (embedding_std times sqrt(D), so that a uniform spread
        is 1 for any D), `rankme`, `uniformity`, `mean_cosine`, `top_variance_ratio` and
        `correlation`.
    """
    width = np.shape(embeddings)[1]
    return {
        "embedding_std_ratio": embedding_std(embeddings) * float(np.sqrt(width)),
        "rankme": rankme(embeddings),
        "uniformity": uniformity(embeddings),
        "mean_cosine": mean_cosine(embeddings),
        "top_variance_ratio": top_variance_ratio(embeddings),
        "correlation": correlation(embeddings),
    }


def _effective_rank(values):
    """Exponential of the entropy of values (N,), 0 or more, that are made to add up to 1."""
    total = values.sum()
    p = (values / total if total > 0 else np.zeros_like(values)) + 1e-7
    return float(np.exp(-np.sum(p * np.log(p))))


def _singular_values(matrix):
    # The threads of BLAS wait for each other busily: where cores are shared, they take up to
    # seventy times the processor time of one thread, and longer.
    with threadpool_limits(1, "blas"):
        return np.linalg.svd(matrix, compute_uv=False)


def _validated(embeddings):
    array = np.asarray(embeddings, np.float64)
    if array.ndim != 2 or len(array) < 2:
        raise ValueError(
            f"Collapse diagnostics take embeddings (N, D) with N at least 2; got {array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError("Collapse diagnostics take finite embeddings; got NaN or infinity.")
    return array


def _unit(embeddings):
    array = _validated(embeddings)
    return array / np.sqrt(np.sum(array**2, axis=1, keepdims=True) + 1e-12)
