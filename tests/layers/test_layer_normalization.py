import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.layers import LayerNormalization
from tests.layers.kept import kept_by
from tests.tolerances import SUM, assert_close

DRAW = np.random.default_rng(0)
X, UPSTREAM = (tf.constant(DRAW.normal(1, 2, size=(2, 5, 6)), "float32") for _ in range(2))


def layer_of(kind, **options):
    layer = kind(epsilon=1e-5, **options)
    layer.build(X.shape)
    draw = np.random.default_rng(1)
    layer.set_weights([draw.normal(size=weight.shape) for weight in layer.weights])
    return layer


def outcome(layer, **options):
    with tf.GradientTape() as tape:
        tape.watch(X)
        y = layer(X, **options)
    return y, *tape.gradient(y, [X, *(w.value for w in layer.weights)], tf.cast(UPSTREAM, y.dtype))


@pytest.mark.parametrize("training", [True, False])
def test_values_and_gradients_are_those_of_keras(training):
    expected = outcome(layer_of(keras.layers.LayerNormalization))
    found = outcome(layer_of(LayerNormalization), training=training)
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other, SUM)


@pytest.mark.parametrize("training", [True, False])
def test_it_computes_in_float32_under_mixed_precision(training):
    layer = layer_of(LayerNormalization, dtype="mixed_bfloat16")
    y, *gradients = outcome(layer, training=training)
    assert y.dtype == "bfloat16"
    full = outcome(layer_of(keras.layers.LayerNormalization))[0]
    np.testing.assert_array_equal(y, tf.cast(full, "bfloat16"))
    assert [g.dtype for g in gradients] == ["float32"] * 3


def test_training_keeps_the_input_alone():
    layer = layer_of(LayerNormalization)
    kept = kept_by(lambda x: layer(x, training=True), X)
    assert kept
    for value in kept:
        assert any(np.array_equal(value, given) for given in (X, layer.gamma, layer.beta))


@pytest.mark.parametrize("options", [{"axis": 1}, {"center": False}, {"scale": False}])
def test_what_it_does_not_compute_itself_is_left_to_keras(options):
    found = outcome(layer_of(LayerNormalization, **options), training=True)
    expected = outcome(layer_of(keras.layers.LayerNormalization, **options))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_was_saved_is_read_back(tmp_path):
    x = keras.Input((5, 6))
    model = keras.Model(x, LayerNormalization(epsilon=1e-6)(x))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.layers[1].epsilon == 1e-6
    np.testing.assert_array_equal(again(X), model(X))
