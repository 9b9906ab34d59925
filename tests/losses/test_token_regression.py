import numpy as np
import pytest

from mmssl.losses.token_regression import token_regression
from tests.tolerances import ROUNDING, SUM, assert_close


def draws():
    rng = np.random.default_rng(0)
    return 3 * rng.normal(size=(2, 4, 16)), rng.normal(size=(2, 4, 16))


@pytest.mark.parametrize("beta", [0.0, 2.0])
def test_the_channels_are_averaged_added_or_divided_by_their_root(beta):
    predictions, targets = draws()
    d = np.abs(predictions - targets)
    smooth = np.where(d <= beta, d**2 / (2 * beta or 1), d - beta / 2)
    errors = smooth if beta else d**2
    for channels, divisor in (("mean", 16), ("sum", 1), ("root", 4)):
        got = token_regression(predictions, targets, beta, channels)
        assert_close(got, errors.sum(-1) / divisor, SUM)


def test_smooth_l1_at_known_points():
    for distance, expected in ((1, 0.25), (2, 1.0), (3, 2.0), (-3, 2.0)):
        got = token_regression(np.array([[float(distance)]]), np.zeros((1, 1)), 2.0, "mean")
        assert_close(got, [expected], ROUNDING)


def test_predicting_nothing_costs_what_the_cards_say():
    noise = np.random.default_rng(0).normal(size=(4000, 768))
    zero = np.zeros_like(noise)
    vision = token_regression(zero, noise, 2.0, "mean").numpy().mean()
    text = token_regression(zero, noise, 4.0, "sum").numpy().mean()
    audio = token_regression(zero, noise, 0.0, "root").numpy().mean()
    for found, expected in ((vision, 0.247), (text, 96), (audio, 768**0.5)):
        assert found == pytest.approx(expected, rel=0.01)  # the cards say two to three digits


def test_bfloat16_is_raised_before_anything_is_computed():
    import tensorflow as tf

    predictions, targets = (tf.cast(x, tf.bfloat16) for x in draws())
    assert token_regression(predictions, targets).dtype == tf.float32
