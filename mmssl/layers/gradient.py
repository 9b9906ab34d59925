"""Gradients that are written by hand, for training."""

import contextlib
import contextvars
import functools
import weakref

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


def custom_gradient(function):
    """Gives a function the gradient that it returns beside its value.

    Like `keras.ops.custom_gradient`, without most of its leak: TensorFlow keeps each graph in which
    such a function is called, that of a whole step for example, for as long as the process lives.
    Here it is called in a small graph of its own, one for all calls with a signature in the other.

    Args:
        function: of tensors; those that are variables are read. Returns its value, and a function
            `gradient(upstream)` of the value's gradient that returns those of the tensors.

    Returns:
        The function, with that gradient.
    """

    @functools.wraps(function)
    def written(*tensors):
        value, gradient = function(*tensors)
        # TensorFlow gives it by position, JAX by name.
        return value, lambda *given, upstream=None: gradient(*given or [upstream])

    differentiable = ops.custom_gradient(written)
    in_graph = _in_graphs_of_its_own(differentiable)

    @functools.wraps(function)
    def call(*tensors):
        if _automatic.get():
            value, _ = function(*tensors)
            return value
        if keras.backend.backend() == "tensorflow":
            return in_graph(*tensors)
        return differentiable(*map(ops.convert_to_tensor, tensors))

    return call


def after(upstream, x):
    """Lets a tensor wait for the gradient of what was computed from it.

    TensorFlow computes what it can as soon as it can: what a gradient recomputes of a tensor alone
    would be there from the forward pass on.

    Args:
        upstream: tensor, the gradient.
        x: tensor.

    Returns:
        Tensor of equal values.
    """
    if keras.backend.backend() != "tensorflow":
        return x
    import tensorflow as tf

    with tf.control_dependencies([upstream]):
        return tf.identity(x)


def _in_graphs_of_its_own(differentiable):
    by_graph = weakref.WeakKeyDictionary()

    def call(*tensors):
        import tensorflow as tf

        # Keras leaves a variable to TensorFlow as it is.
        tensors = [tf.convert_to_tensor(x) for x in tensors]
        if tf.executing_eagerly():  # where TensorFlow keeps nothing
            return differentiable(*tensors)
        graph = tf.compat.v1.get_default_graph()
        if graph not in by_graph:
            by_graph[graph] = tf.function(differentiable, autograph=False)
        return by_graph[graph](*tensors)

    return call
