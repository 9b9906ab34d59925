import keras
import numpy as np
import tensorflow as tf

from mmssl.layers import ChannelwiseDense, WeightNormDense
from tests.tolerances import ROUNDING, SUM, assert_close


def test_each_channel_has_a_dense_layer_over_its_places():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2, 3, 4, 5)).astype("float32")
    layer = ChannelwiseDense()
    layer.build(features.shape)
    kernel, bias = rng.normal(size=(5, 12, 12)), rng.normal(size=(12, 5))
    layer.set_weights([kernel, bias])
    expected = np.empty_like(features)
    for channel in range(5):
        flat = features[..., channel].reshape(2, 12)
        expected[..., channel] = (flat @ kernel[channel] + bias[:, channel]).reshape(2, 3, 4)
    assert_close(layer(features), expected, SUM)


def test_a_channel_reaches_no_other_one():
    features = np.zeros((1, 2, 2, 3), "float32")
    layer = ChannelwiseDense()
    before = np.asarray(layer(features))
    features[..., 1] = 1
    changed = np.asarray(layer(features)) != before
    assert changed[..., 1].all()
    assert not changed[..., [0, 2]].any()


def test_it_keeps_the_spread_of_what_it_is_given():
    features = np.random.default_rng(0).normal(size=(64, 8, 8, 16)).astype("float32")
    assert abs(np.std(ChannelwiseDense()(features)) - 1) < 0.1


def test_it_comes_back_from_its_file(tmp_path):
    inputs = keras.Input((2, 3, 4))
    model = keras.Model(inputs, ChannelwiseDense()(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(1, 2, 3, 4))
    np.testing.assert_array_equal(loaded(x), model(x))


def built(units=5, width=3):
    layer = WeightNormDense(units)
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
