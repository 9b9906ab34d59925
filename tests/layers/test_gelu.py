import numpy as np
import tensorflow as tf

from mmssl.layers import approximate_gelu
from tests.tolerances import ROUNDING, SUM, assert_close

X = np.linspace(-9, 9, 181).astype("float32")


def test_gelu_and_its_gradient_are_those_of_the_formula():
    x = X.astype("float64")
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    slope = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    tanh = np.tanh(inner)
    given = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(given)
        found = approximate_gelu(given)
    assert_close(found, 0.5 * x * (1 + tanh), ROUNDING)
    expected = 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh**2) * slope
    assert_close(tape.gradient(found, given, 3 * tf.ones_like(given)), 3 * expected, SUM)


def test_the_way_back_keeps_the_input_alone():
    @tf.function(autograph=False)
    def kept(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = approximate_gelu(x)
        tape.gradient(y, x)
        return y.op.outputs[1:]

    assert kept(X)
    for value in kept(X):
        np.testing.assert_array_equal(value, X)
