import numpy as np
import pytest

from mmssl.losses.contraction import estimated_contraction, sigmoid_contraction
from tests.tolerances import ROUNDING, STANDARD_ERRORS, SUM, assert_close


def test_two_units_at_one_half_with_unit_weights_contract_by_an_eighth():
    assert_close(sigmoid_contraction(np.full((1, 2), 0.5), np.eye(2)), [0.125], ROUNDING)


def test_saturated_units_have_no_jacobian():
    saturated = 1 / (1 + np.exp(-np.array([[20.0, -20.0]])))
    assert_close(sigmoid_contraction(saturated, np.ones((3, 2))), [0], ROUNDING, scale=1.0)


def test_it_is_the_norm_of_the_jacobian_of_each_row():
    draw = np.random.default_rng(0)
    kernel, x = draw.normal(size=(4, 3)), draw.normal(size=(2, 4))
    h = 1 / (1 + np.exp(-x @ kernel))
    norms = [((a * (1 - a))[:, None] * kernel.T) for a in h]
    expected = [(jacobian**2).sum() for jacobian in norms]
    assert_close(sigmoid_contraction(h, kernel), expected, SUM)


def test_the_estimate_of_a_linear_map_is_the_norm_of_its_weights_in_the_mean():
    draw = np.random.default_rng(0)
    kernel, steps = draw.normal(size=(4, 3)), draw.normal(size=(10000, 4))
    codes = np.zeros((10000, 3)) + draw.normal(size=3)
    found = np.asarray(estimated_contraction(codes + 0.5 * steps @ kernel, codes, 0.5), "float64")
    error = found.std() / 100
    assert abs(found.mean() - (kernel**2).sum()) < STANDARD_ERRORS * error


def test_a_step_of_no_length_is_refused():
    with pytest.raises(ValueError, match="sigma must be above 0"):
        estimated_contraction(np.ones((1, 2)), np.ones((1, 2)), 0.0)
