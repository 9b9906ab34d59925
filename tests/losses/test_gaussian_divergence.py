import numpy as np
import pytest

from mmssl.losses.gaussian_divergence import gaussian_divergence
from tests.tolerances import NETWORK, STANDARD_ERRORS, assert_close


@pytest.mark.parametrize(
    ("mean", "log_variance", "expected"), [(1.0, 0.0, 0.5), (0.0, 1.0, 0.359141), (0.0, 0.0, 0.0)]
)
def test_it_has_the_values_that_were_derived(mean, log_variance, expected):
    assert_close(gaussian_divergence(mean, log_variance), expected, NETWORK, scale=1.0)


def test_it_is_the_mean_of_the_log_ratio_of_densities():
    mean, deviation = 0.7, 0.4
    z = mean + deviation * np.random.default_rng(0).normal(size=100000)
    ratios = -0.5 * ((z - mean) / deviation) ** 2 - np.log(deviation) + 0.5 * z**2
    found = float(gaussian_divergence(mean, 2 * np.log(deviation)))
    assert abs(ratios.mean() - found) < STANDARD_ERRORS * ratios.std() / np.sqrt(len(z))
