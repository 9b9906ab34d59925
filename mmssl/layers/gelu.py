"""GELU, which training computes anew for the gradients where that is cheaper than to keep it."""

import math

import keras
from keras import ops

from mmssl.layers.gradient import after, custom_gradient

SCALE, CUBE = (2.0 / math.pi) ** 0.5, 0.044715  # of its tanh form


@keras.saving.register_keras_serializable("mmssl")
def approximate_gelu(x):
    """GELU's tanh form, which every export format supports (Hendrycks, Gimpel 2016, 1606.08415)."""
    return _gelu(x)


@keras.saving.register_keras_serializable("mmssl")
class GeluDense(keras.layers.Dense):
    """Dense layer over the GELU of its input, the second one of a transformer's feed-forward part.

        y = gelu(x) W + b

    In training it keeps x alone for the way back, and neither gelu(x), as wide as x, nor what that
    is computed from.

    Args:
        units: width of y.
        **kwargs: see keras.layers.Dense.

    Call arguments:
        inputs: (..., C).

    Returns:
        (..., units).
    """

    def call(self, inputs, training=None):
        if not training:
            return super().call(approximate_gelu(inputs), training)
        y = _product(inputs, self.kernel)
        y = y if self.bias is None else ops.add(y, self.bias)
        return y if self.activation is None else self.activation(y)


@custom_gradient
def _gelu(x):
    """GELU that keeps its input alone for the way back, not the six tensors between."""

    def gradient(upstream):
        return upstream * _value_and_slope(after(upstream, x))[1]

    return keras.activations.gelu(x, approximate=True), gradient


@custom_gradient
def _product(x, kernel):
    def gradient(upstream):
        value, slope = _value_and_slope(after(upstream, x))
        of_x = ops.matmul(upstream, ops.transpose(kernel)) * slope
        rows, given = (ops.reshape(y, (-1, y.shape[-1])) for y in (value, upstream))
        return of_x, ops.matmul(ops.transpose(rows), given)

    return ops.matmul(keras.activations.gelu(x, approximate=True), kernel), gradient


def _value_and_slope(x):
    squares = ops.square(x)
    tanh = ops.tanh(SCALE * x * (1.0 + CUBE * squares))
    inner = SCALE * (1.0 + 3.0 * CUBE * squares)
    half = 0.5 * (1.0 + tanh)
    return x * half, half + 0.5 * x * (1.0 - ops.square(tanh)) * inner
