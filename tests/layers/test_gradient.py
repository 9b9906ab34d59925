import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.deploy.saved_model import save
from mmssl.layers import approximate_gelu
from mmssl.layers.gradient import automatic_gradients, custom_gradient
from mmssl.layers.recurrent import gated_recurrence

X = np.float32([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]])


def thrice(x):
    """Its gradient, 3, is not that of its value, x."""
    return 1.0 * x, lambda upstream: 3.0 * upstream


def slope(function, x):
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x)


def in_a_graph(function, x):
    return tf.function(lambda x: slope(function, x), autograph=False)(x)


@pytest.mark.parametrize("run", [slope, in_a_graph])
def test_the_gradient_is_the_one_that_was_written(run):
    function = custom_gradient(thrice)
    np.testing.assert_array_equal(run(function, X), np.full_like(X, 3.0))


@pytest.mark.parametrize("run", [slope, in_a_graph])
def test_within_automatic_gradients_it_is_that_of_the_value(run):
    function = custom_gradient(thrice)
    with automatic_gradients():
        np.testing.assert_array_equal(run(function, X), np.ones_like(X))
    np.testing.assert_array_equal(run(function, X), np.full_like(X, 3.0))


def test_a_function_is_traced_once_a_graph_and_shape():
    traces = []

    @custom_gradient
    def function(x):
        traces.append(x.shape)
        return thrice(x)

    for shape in [(2, 3), (2, 3), (None, 4)]:
        step = tf.function(lambda x: function(function(x)), [tf.TensorSpec(shape)], autograph=False)
        assert step.get_concrete_function().output_shapes.as_list() == list(shape)
    assert len(traces) == 3


@pytest.mark.parametrize(
    "function",
    [
        approximate_gelu,
        lambda x: gated_recurrence(x[None], tf.ones((1, 3))),
    ],
    ids=["gelu", "gated_recurrence"],
)
def test_a_graph_is_freed_with_its_function(function):
    step = tf.function(lambda x: slope(function, x), autograph=False)
    graph = weakref.ref(step.get_concrete_function(tf.TensorSpec((2, 3))).graph)
    assert graph() is not None
    del step
    gc.collect()
    assert graph() is None


def test_a_saved_model_brings_no_gradient_that_outlasts_it(tmp_path):
    x = keras.Input((3,), name="x")
    model = keras.Model({"x": x}, {"y": keras.layers.Activation(approximate_gelu)(x)})
    with automatic_gradients():
        save(tmp_path, {"embed": (model, {"x": tf.TensorSpec((None, 3), name="x")})})
    assert b"CustomGradient" not in (tmp_path / "saved_model.pb").read_bytes()
