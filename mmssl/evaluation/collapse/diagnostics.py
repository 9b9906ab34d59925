"""Figures that tell a collapsed embedding from a healthy one, without labels."""

import numpy as np

_CHUNK = 1024


def embedding_std(embeddings):
    """Mean over the dimensions of the standard deviation over unit-length embeddings.

    Embeddings spread evenly over the sphere give about `1 / sqrt(D)`, equal ones give 0.

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

    The embeddings are neither centered nor normalized, the singular values not squared.

    Args:
        embeddings: array (N, D), N at least 2; N of 4 D or more is recommended.

    Returns:
        float, 1 to about `min(N, D)`.

    Reference:
        Garrido, Balestriero, Najman, LeCun 2022, arXiv 2210.02885.
    """
    values = np.linalg.svd(_checked(embeddings), compute_uv=False)
    total = values.sum()
    shares = (values / total if total > 0 else np.zeros_like(values)) + 1e-7
    return float(np.exp(-np.sum(shares * np.log(shares))))


def alignment(first, second, alpha=2.0):
    """Mean distance between the embeddings of two views of the same thing.

    Args:
        first: array (N, D).
        second: array (N, D), row by row the other view.
        alpha: power of the distance, above 0.

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
        t: inverse width of the potential, above 0.

    Returns:
        float: 0 when all are equal, towards -4 when spread evenly at `t=2`.

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
        # Each pair is counted from its lower row; a row's own potential is no pair.
        total += np.triu(potential, k=start + 1).sum()
    return float(np.log(total / (count * (count - 1) / 2)))


def mean_cosine(embeddings):
    """Mean cosine over all pairs of distinct embeddings.

    Args:
        embeddings: array (N, D), N at least 2.

    Returns:
        float, -1 to 1: near 0 when spread evenly, 1 when all point one way.
    """
    unit = _unit(embeddings)
    count = len(unit)
    pairs = np.sum(unit.sum(axis=0) ** 2) - np.sum(unit**2)
    return float(pairs / (count * (count - 1)))


def top_variance_ratio(embeddings):
    """Share of the variance of unit-length embeddings that lies along a single direction.

    It is the largest eigenvalue of their covariance over the sum of all. Embeddings that fall
    into two opposite points have a high spread and a low mean cosine, and a share of 1.

    Args:
        embeddings: array (N, D), N at least 2.

    Returns:
        float, 1 / D when spread evenly, 1 when they lie on a line or are all equal.
    """
    unit = _unit(embeddings)
    variances = np.linalg.svd(unit - unit.mean(axis=0), compute_uv=False) ** 2
    total = variances.sum()
    # Equal rows differ by rounding alone.
    return float(variances[0] / total) if total > 1e-12 * len(unit) else 1.0


def correlation(embeddings):
    """Mean absolute correlation of two different dimensions.

    Dimensions that are constant are left out: they have no correlation. Independent ones give
    about `sqrt(2 / (pi N))`, 0.05 for 256 embeddings.

    Args:
        embeddings: array (N, D), N at least 2.

    Returns:
        float: 0 when no dimension tells of another, 1 when each repeats all others, or fewer than
        two vary.
    """
    array = _checked(embeddings)
    centered = array - array.mean(axis=0)
    lengths = np.linalg.norm(centered, axis=0)
    # What is left of equal numbers once their mean is taken off is rounding alone.
    varies = lengths > 1e-7 * np.linalg.norm(array, axis=0)
    unit, width = centered[:, varies] / lengths[varies], int(varies.sum())
    if width < 2:
        return 1.0
    total = 0.0
    for start in range(0, width, _CHUNK):
        # Each pair is counted from its lower dimension.
        correlations = np.abs(unit[:, start : start + _CHUNK].T @ unit[:, start:])
        total += np.triu(correlations, k=1).sum()
    return float(total / (width * (width - 1) / 2))


def diagnose(embeddings):
    """Computes all figures that need one view.

    Args:
        embeddings: array (N, D), N at least 2.

    Returns:
        dict of float: `embedding_std_ratio` (embedding_std times sqrt(D), so that 1 is an even
        spread at any D), `rankme`, `uniformity`, `mean_cosine`, `top_variance_ratio` and
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


def _checked(embeddings):
    array = np.asarray(embeddings, np.float64)
    if array.ndim != 2 or len(array) < 2:
        raise ValueError(
            f"Collapse diagnostics take embeddings (N, D) with N at least 2; got {array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError("Collapse diagnostics take finite embeddings; got NaN or infinity.")
    return array


def _unit(embeddings):
    array = _checked(embeddings)
    return array / np.sqrt(np.sum(array**2, axis=1, keepdims=True) + 1e-12)
