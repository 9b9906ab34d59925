"""The whitening of vectors from their moments."""

import numpy as np

from mmssl.encoders.parts.whitening import Whitening

LEAST_SHRINKAGE = 0.1  # so that the last directions, mostly noise, do not count like the first
NEGLIGIBLE = 1e-10  # share of the mean square, of the size of what rounding in float32 leaves


def fit_whitening(moments, components=None):
    """Computes principal directions of vectors and scales, for about unit variance along each.

    The covariance is shrunk first, see `shrinkage`: the fewer vectors there were, the less is
    divided by variances that chance has made small.

    Args:
        moments: Moments of two vectors or more.
        components: largest number of directions, 1 or more; None for all. Directions along which
            vectors do not vary beyond rounding are left out.

    Returns:
        Whitening; None where the vectors do not vary.

    Reference:
        Su, Cao, Liu, Ou 2021, arXiv 2103.15316.
    """
    variances, directions = spectrum(moments)
    negligible = NEGLIGIBLE * (np.mean(np.square(moments.mean)) + variances.mean())
    number = min(int((variances > negligible).sum()), components or len(variances))
    share = shrinkage(moments)
    if number == 0:
        return None
    shrunk = (1 - share) * variances + share * variances.mean()
    kernel = directions[:, :number] / np.sqrt(shrunk[:number])
    return Whitening(moments.mean.astype(np.float32), kernel.astype(np.float32))


def shrinkage(moments):
    """Returns the share of a scaled identity in the covariance that is whitened by.

    A tenth; or, if that is more, what `Moments.shrinkage` says, or half the dimensions a vector:
    the fewer vectors, the further chance has spread the variances (Marchenko, Pastur 1967).

    Args:
        moments: Moments of D dimensions.

    Returns:
        float in [0.1, 1].
    """
    by_chance = len(moments.mean) / (2 * moments.count)
    return min(1.0, max(LEAST_SHRINKAGE, moments.shrinkage(), by_chance))


def spectrum(moments):
    """Returns the variances along the principal directions, and these.

    Args:
        moments: Moments.

    Returns:
        pair of float64 (D,), falling, and float64 (D, D), a direction a column, whose largest
        entry is positive.
    """
    variances, directions = np.linalg.eigh(moments.covariance)
    variances, directions = np.maximum(variances[::-1], 0), directions[:, ::-1]
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=0)[None], axis=0)
    return variances, directions * np.where(largest < 0, -1, 1)
