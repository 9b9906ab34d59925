"""Gradients that are written by hand, for training."""

import contextlib
import contextvars
import functools

import keras
from keras import ops

_automatic = contextvars.ContextVar("automatic", default=False)


@contextlib.contextmanager
def automatic_gradients():
    """Leaves gradients written by hand out of the graphs that are traced within it.

    TensorFlow stores them with a SavedModel, and keeps what it loads of them, with the whole
    SavedModel, for as long as the process lives.
    """
    token = _automatic.set(True)
    try:
        yield
    finally:
        _automatic.reset(token)


def custom_gradient(function, elementwise=False):
    """Gives a function the gradient that it returns beside its value.

    Like `keras.ops.custom_gradient`, without most of its leak: TensorFlow keeps each graph in which
    such a function is called, that of a whole step for example, for as long as the process lives.
    Here it is called in a small graph of its own.

    Args:
        function: of tensors that are no variables. Returns its value, and a function of the value's
            gradient that returns those of the tensors.
        elementwise: whether it takes one tensor and keeps its shape; then one graph serves all.

    Returns:
        The function, with that gradient.
    """
    differentiable = ops.custom_gradient(function)
    in_graph = _with_one_graph(differentiable) if elementwise else _with_own_graph(differentiable)

    @functools.wraps(function)
    def call(*tensors):
        if _automatic.get():
            value, _ = function(*tensors)
            return value
        return (in_graph if _builds_graph() else differentiable)(*tensors)

    return call


def _builds_graph():
    """Whether TensorFlow builds a graph; without one, it keeps nothing."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.executing_eagerly()


def _with_own_graph(differentiable):
    def call(*tensors):
        import tensorflow as tf

        return tf.function(differentiable, autograph=False)(*tensors)

    return call


def _with_one_graph(differentiable):
    @functools.cache
    def graph(dtype):
        import tensorflow as tf

        with tf.init_scope():
            traced = tf.function(differentiable, [tf.TensorSpec(None, dtype)], autograph=False)
            return traced.get_concrete_function()

    def call(x):
        value = graph(x.dtype)(x)
        value.set_shape(x.shape)
        return value

    return call
