"""How close two results must be: a stated multiple of the rounding of what is compared.

A sum depends on the order of its terms, and that order on the processor's vectors (AVX2, AVX-512,
AMX), on oneDNN and on the number of threads. What differs by it is of the size of one rounding of
the largest number that was added up, times a multiple that grows with the way from the inputs.
`make test-processors` runs on all of these; every bound is four times or more what was seen there.
"""

import ml_dtypes
import numpy as np

# Multiples of one rounding. Even the last is half a tenth of a percent in float32.
ROUNDING = 8  # a few operations, element by element
SUM = 64  # a sum, a product of matrices, an exponential, a normalization, a layer
NETWORK = 512  # several layers, a gradient, an export, or a constant that is known to five digits
TRAINING = 4096  # several steps of an optimizer, a gradient by differences, a small difference

# Means of random draws may lie this many standard errors from their expectation.
STANDARD_ERRORS = 4


def rounding(scale=1.0, dtype="float32"):
    """Returns the distance from `scale` to the next number of `dtype`, at powers of two."""
    return float(scale * ml_dtypes.finfo(dtype).eps)


def difference(actual, expected):
    """Returns the largest difference; NaN where only one is NaN or both are infinite apart."""
    actual, expected = (np.asarray(x, "float64") for x in (actual, expected))
    assert () in (actual.shape, expected.shape) or actual.shape == expected.shape, (
        f"shape {actual.shape} against {expected.shape}"
    )
    same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    apart = np.subtract(actual, expected, where=~same, out=np.zeros(same.shape))
    return np.abs(apart).max(initial=0)


def multiples(actual, expected, scale=None, dtype="float32"):
    """Measures the largest difference in roundings.

    Args:
        actual: number, array or nested list.
        expected: the same of the same shape, or a number that all of `actual` should be.
        scale: magnitude of what was added up, where `expected` is small because it cancels out;
            by default the largest finite magnitude in `expected`.
        dtype: the precision that `actual` was computed in.

    Returns:
        Largest difference over the rounding of `scale`, infinite for a scale of zero.
    """
    if scale is None:
        finite = np.asarray(expected, "float64")
        scale = np.abs(finite[np.isfinite(finite)]).max(initial=0)
    found = difference(actual, expected)
    if scale == 0:
        return np.inf if found else 0.0
    return found / rounding(scale, dtype)


def assert_close(actual, expected, ulps, scale=None, dtype="float32", err_msg=""):
    """Fails where `actual` is more than `ulps` roundings from `expected`; see `multiples`."""
    found = multiples(actual, expected, scale, dtype)
    assert found <= ulps, (
        f"{err_msg} {found:.3g} roundings of {dtype} apart, {ulps} are allowed"
        f"\nactual:   {actual}\nexpected: {expected}"
    )


def assert_within(actual, expected, bound):
    """Fails where they differ by more than `bound`, which something else than rounding sets."""
    found = difference(actual, expected)
    assert found <= bound, (
        f"{found:.3g} apart, {bound} is allowed\nactual:   {actual}\nexpected: {expected}"
    )


def mean_margin(stddev, draws):
    """Returns how far the mean of `draws` numbers of this standard deviation may lie off."""
    return STANDARD_ERRORS * stddev / np.sqrt(draws)


def share_margin(share, draws):
    """Returns how far the share of `draws` independent events of this probability may lie off."""
    return mean_margin(np.sqrt(share * (1 - share)), draws)


def deviation_margin(draws):
    """Returns which share of itself the standard deviation of Gaussian draws may lie off."""
    return mean_margin(np.sqrt(0.5), draws)
