import numpy as np
import tensorflow as tf

from mmssl.layers import UnitDense
from tests.tolerances import ROUNDING, assert_close


def built(units=5, width=3):
    layer = UnitDense(units)
    layer.build((None, width))
    return layer


def test_only_the_directions_of_the_weights_count():
    layer, x = built(), np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    kernel = layer.kernel.numpy()
    expected = x @ (kernel / np.linalg.norm(kernel, axis=0))
    assert_close(layer(x), expected, ROUNDING)
    layer.kernel.assign(7 * kernel)
    assert_close(layer(x), expected, ROUNDING)


def test_frozen_directions_get_no_gradient_and_the_input_does():
    layer, x = built(), tf.Variable(np.ones((4, 3), "float32"))
    for frozen in (True, False):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(layer(x, frozen=frozen) ** 2)
        of_x, of_kernel = tape.gradient(total, [x, layer.kernel.value])
        assert np.abs(of_x).max() > 0
        assert (np.abs(of_kernel).max() > 0) == (not frozen)
