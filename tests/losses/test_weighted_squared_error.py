import numpy as np

from mmssl.losses.weighted_squared_error import weighted_squared_error
from tests.tolerances import ROUNDING, SUM, assert_close


def test_a_perfect_prediction_has_none_whatever_the_weights():
    x = np.random.default_rng(0).random((2, 4, 4, 3))
    for weight in (0.0, 1.0, 10.0):
        assert float(weighted_squared_error(x, x, np.full((2, 4, 4, 1), weight))) == 0


def test_it_is_the_mean_over_the_weighted_pixels_of_each_example():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 3, 4, 5, 3))
    weights = rng.choice([0.0, 1.0, 10.0], (3, 4, 5, 1))
    expected = np.mean(
        [
            (w * (a - b) ** 2).sum() / (3 * (w > 0).sum())
            for a, b, w in zip(x, y, weights, strict=True)
        ]
    )
    assert_close(weighted_squared_error(x, y, weights), expected, SUM)


def test_what_has_no_weight_does_not_matter():
    x, weights = np.zeros((1, 2, 2, 3)), np.zeros((1, 2, 2, 1))
    weights[0, 0, 0] = 1
    changed = x + 1e6
    changed[0, 0, 0] = 2
    assert_close(weighted_squared_error(changed, x, weights), 4, ROUNDING)


def test_an_example_without_weights_counts_as_zero():
    x, weights = np.ones((2, 2, 2, 3)), np.zeros((2, 2, 2, 1))
    weights[0] = 1
    assert_close(weighted_squared_error(x, 0 * x, weights), 0.5, ROUNDING)
