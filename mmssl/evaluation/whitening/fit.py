"""The whitening of vectors from their moments."""

import numpy as np

from mmssl.encoders.parts.whitening import Whitening

LEAST_SHRINKAGE = 0.1  # so that the last directions, mostly noise, do not count like the first
NEGLIGIBLE = 1e-10  # share of the mean square, of the size of what rounding in float32 leaves


def fit_whitening(moments, components=None):
    """Computes principal directions of vectors and scales, for about unit variance along each.

    The covariance is shrunk first, by a tenth or by what `Moments.shrinkage` says, if that is more:
    the fewer vectors there were, the less is divided by variances that chance has made small.

    Args:
        moments: Moments of two vectors or more.
        components: largest number of directions, 1 or more; None for all. Directions along which
            vectors do not vary beyond rounding are left out, and so are those beyond half the
            number of vectors.

    Returns:
        Whitening; None where the vectors do not vary.

    Reference:
        Su, Cao, Liu, Ou 2021, arXiv 2103.15316.
    """
    variances, directions = spectrum(moments)
    negligible = NEGLIGIBLE * (np.mean(np.square(moments.mean)) + variances.mean())
    most = (int((variances > negligible).sum()), moments.count // 2, components or len(variances))
    number, share = min(most), shrinkage(moments)
    if number == 0:
        return None
    shrunk = (1 - share) * variances + share * variances.mean()
    kernel = directions[:, :number] / np.sqrt(shrunk[:number])
    return Whitening(moments.mean.astype(np.float32), kernel.astype(np.float32))


def shrinkage(moments):
    """Returns the share of a scaled identity in the covariance that is whitened by."""
    return max(LEAST_SHRINKAGE, moments.shrinkage())


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
