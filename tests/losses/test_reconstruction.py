import numpy as np
import pytest

from mmssl.losses.reconstruction import reconstruction_error
from tests.tolerances import ROUNDING, SUM, assert_close

X = np.array([[1.0, 0.0, 1.0, 0.0]])
CHOSEN = np.array([[1.0, 1.0, 0.0, 0.0]], "float32")


def test_the_card_s_example_has_the_values_that_were_derived_for_it():
    half = np.full((1, 4), 0.5)
    assert_close(reconstruction_error(X, half, "squared", CHOSEN, (1.0, 0.5)), [0.75], ROUNDING)
    entropy = reconstruction_error(X, 0 * half, "cross_entropy", CHOSEN, (1.0, 0.5))
    assert_close(entropy, [2.079442], SUM)


@pytest.mark.parametrize("error", ["squared", "cross_entropy"])
def test_it_sums_over_values_of_any_shape_with_the_weight_of_each(error):
    draw = np.random.default_rng(0)
    x, outputs = draw.uniform(size=(3, 2, 5)), draw.normal(size=(3, 2, 5))
    chosen = draw.integers(0, 2, (3, 2, 5)).astype("float32")
    z = 1 / (1 + np.exp(-outputs))
    errors = {
        "squared": (x - outputs) ** 2,
        "cross_entropy": -x * np.log(z) - (1 - x) * np.log(1 - z),
    }[error]
    expected = (np.where(chosen == 1, 2.0, 0.25) * errors).sum(axis=(1, 2))
    assert_close(reconstruction_error(x, outputs, error, chosen, (2.0, 0.25)), expected, SUM)
    assert_close(reconstruction_error(x, outputs, error), errors.sum(axis=(1, 2)), SUM)


def test_equal_weights_are_the_plain_loss_and_nothing_chosen_costs_nothing():
    outputs = np.array([[0.3, -1.0, 2.0, 0.1]])
    plain = reconstruction_error(X, outputs)
    assert_close(reconstruction_error(X, outputs, corrupted=CHOSEN), plain, ROUNDING)
    none = reconstruction_error(X, outputs, corrupted=0 * CHOSEN, emphasis=(1.0, 0.0))
    assert float(none[0]) == 0


def test_logits_far_from_zero_stay_finite():
    found = reconstruction_error(X, np.array([[1e4, -1e4, -1e4, 1e4]]))
    assert_close(found, [2e4], ROUNDING)


def test_an_unknown_error_is_refused():
    with pytest.raises(ValueError, match="error must be"):
        reconstruction_error(X, X, "absolute")
