import keras
import numpy as np
import tensorflow as tf

from mmssl.layers import GeluDense, approximate_gelu
from tests.layers.kept import kept_by
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
    kept = kept_by(approximate_gelu, X)
    assert kept
    for value in kept:
        np.testing.assert_array_equal(value, X)


def test_a_dense_layer_over_gelu_trains_as_the_two_layers_do():
    draw = np.random.default_rng(0)
    x, upstream = (tf.constant(draw.normal(size=(2, 5, n)), "float32") for n in (6, 3))
    layer = GeluDense(3, bias_initializer="ones")
    layer.build(x.shape)
    apart = keras.layers.Dense(3)
    apart.build(x.shape)
    apart.set_weights(layer.get_weights())

    def outcome(call, weights):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = call(x)
        return y, *tape.gradient(y, [x, *weights], upstream)

    expected = outcome(lambda x: apart(approximate_gelu(x)), [w.value for w in apart.weights])
    for training in (True, False):
        found = outcome(
            lambda x, training=training: layer(x, training=training),
            [w.value for w in layer.weights],
        )
        for one, other in zip(found, expected, strict=True):
            assert_close(one, other, SUM)


def test_a_dense_layer_over_gelu_keeps_its_input_alone():
    layer = GeluDense(3, use_bias=False)
    x = tf.constant(np.random.default_rng(0).normal(size=(7, 6)), "float32")
    layer.build(x.shape)
    for value in kept_by(lambda x: layer(x, training=True), x):
        assert any(np.array_equal(value, given) for given in (x, layer.kernel))
