import numpy as np
import pytest
import tensorflow as tf

from mmssl.layers import LogitLaplaceMedian
from mmssl.layers.likelihood import with_margin
from mmssl.losses.logit_laplace import LEAST_LOG_SCALE, logit_laplace_nats
from tests.tolerances import NETWORK, SUM, TRAINING, assert_close, assert_within


def parameters_of(location, log_scale):
    """The parameters of a distribution of this location and scale."""
    free = LEAST_LOG_SCALE + np.log(np.expm1(np.subtract(log_scale, LEAST_LOG_SCALE)))
    return np.stack(np.broadcast_arrays(location, free), axis=-1).astype("float32")


def test_it_is_the_formula():
    x = np.random.default_rng(0).uniform(size=(5, 1)).astype("float32")
    y = 0.8 * x.astype("float64") + 0.1
    location, log_scale = 0.7, -1.2
    logit, b = np.log(y / (1 - y)), np.exp(log_scale)
    density = np.exp(-np.abs(logit - location) / b) / (2 * b * y * (1 - y))
    found = logit_laplace_nats(x, np.tile(parameters_of(location, log_scale), (5, 1)))
    assert_close(found, -np.log(density), NETWORK)


@pytest.mark.parametrize(("location", "log_scale"), [(0.0, 0.0), (1.5, -1.0)])
def test_its_density_over_all_values_is_that_of_a_distribution(location, log_scale):
    y = np.linspace(1e-5, 1 - 1e-5, 200_001)
    x = ((y - 0.1) / 0.8)[:, None].astype("float32")  # beyond [0, 1], where the formula holds, too
    parameters = np.broadcast_to(parameters_of(location, log_scale), (len(x), 2))
    density = np.exp(-np.asarray(logit_laplace_nats(x, parameters), "float64"))[:, 0]
    assert_within(np.trapezoid(density, y), 1.0, 1e-3)


def test_the_median_is_where_the_density_of_the_logit_is_highest():
    values = np.linspace(0, 1, 11, dtype="float32")[:, None]
    y = with_margin(values)
    parameters = np.concatenate([np.log(y / (1 - y)), np.zeros_like(y)], axis=-1)
    assert_close(LogitLaplaceMedian()(parameters), values, SUM)
    assert_close(LogitLaplaceMedian()(np.float32([[9, 0], [-9, 0]])), [[1], [0]], SUM)


def test_black_and_white_have_finite_losses_and_gradients():
    parameters = tf.constant([[0.0, -90.0], [0.0, 3.0]])
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        nats = logit_laplace_nats(np.float32([[0], [1]]), parameters)
    assert np.isfinite(nats).all()
    assert np.isfinite(tape.gradient(nats, parameters)).all()


def test_a_scale_does_not_fall_below_half_a_gray_level():
    exact = np.float32([[0.5]])
    tiny, least = (logit_laplace_nats(exact, np.float32([[0.0, r]])) for r in (-80.0, -20.0))
    assert_close(tiny, least, TRAINING)
    assert_close(tiny, np.log(2) + LEAST_LOG_SCALE + 2 * np.log(0.5), SUM)
