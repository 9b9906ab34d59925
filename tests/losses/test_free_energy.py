import numpy as np
import pytest
import tensorflow as tf

from mmssl.losses.free_energy import free_energy, free_energy_gradient
from tests.tolerances import NETWORK, SUM, assert_close


def weights(visible=4, hidden=3):
    draw = np.random.default_rng(0)
    return [
        draw.normal(size=shape).astype("float32") for shape in ((visible, hidden), visible, hidden)
    ]


def test_one_unit_on_each_side_has_the_derived_energies():
    one, zero = np.ones((1, 1), "float32"), np.zeros(1, "float32")
    found = free_energy(np.array([[0.0], [1.0]], "float32"), one, zero, zero)
    assert_close(found, [-0.693147, -1.313262], NETWORK)


@pytest.mark.parametrize("units", ["binary", "gaussian"])
def test_it_sums_the_hidden_states_out(units):
    kernel, b, c = weights()
    v = np.random.default_rng(1).normal(size=(5, 4)).astype("float32")
    h = np.array(np.meshgrid(*[[0, 1]] * 3)).reshape(3, -1).T.astype("float64")
    linear = v.astype("float64") @ kernel @ h.T + h @ c
    own = -v @ b if units == "binary" else 0.5 * ((v - b) ** 2).sum(axis=1)
    expected = own - np.logaddexp.reduce(linear, axis=1)
    assert_close(free_energy(v, kernel, b, c, units), expected, SUM)


def test_strong_inputs_stay_finite():
    kernel, b, c = weights()
    assert np.isfinite(free_energy(np.ones((1, 4), "float32"), 1e3 * kernel, b, c)).all()


@pytest.mark.parametrize("units", ["binary", "gaussian"])
def test_its_gradient_in_closed_form_is_the_taped_one(units):
    variables = [tf.Variable(x) for x in weights()]
    v = np.random.default_rng(1).uniform(size=(5, 4)).astype("float32")
    with tf.GradientTape() as tape:
        energy = tf.reduce_mean(free_energy(v, *variables, units))
    found = free_energy_gradient(v, *variables, units)
    for got, expected in zip(found, tape.gradient(energy, variables), strict=True):
        assert_close(got, expected, SUM)


def test_unknown_units_are_refused():
    with pytest.raises(ValueError, match="units must be"):
        free_energy(np.ones((1, 4), "float32"), *weights(), units="ternary")
