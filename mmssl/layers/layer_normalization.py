"""Layer normalization that keeps its input alone for the gradients."""

import functools

import keras
from keras import ops

from mmssl.layers.gradient import after, custom_gradient


@keras.saving.register_keras_serializable("mmssl")
class LayerNormalization(keras.layers.LayerNormalization):
    """Keras' layer normalization of the last axis (Ba et al. 2016), in less memory in training.

        y = gamma (x - mean) / sqrt(variance + epsilon) + beta

    For the way back it keeps x in its own dtype, and computes the normalized x, in float32, anew;
    not so with another axis, or without gamma or beta.

    Args:
        **kwargs: see keras.layers.LayerNormalization.

    Call arguments:
        inputs: (..., C).

    Returns:
        Of the inputs' shape.
    """

    def call(self, inputs, training=None):
        if not training or self.axis != [-1] or not (self.center and self.scale):
            return super().call(inputs)
        normalized = _normalization(self.epsilon)(inputs, self.gamma, self.beta)
        return ops.cast(normalized, self.compute_dtype)


@functools.cache
def _normalization(epsilon):
    """One function for all layers: in a graph it is traced once a shape."""

    @custom_gradient
    def normalized(x, gamma, beta):
        def gradient(upstream):
            normal, scale = _normal(after(upstream, x), epsilon)
            rows = tuple(range(len(x.shape) - 1))
            of_normal = upstream * gamma
            of_x = scale * (of_normal - _mean(of_normal) - normal * _mean(of_normal * normal))
            return (
                ops.cast(of_x, x.dtype),
                ops.sum(upstream * normal, rows),
                ops.sum(upstream, rows),
            )

        normal, _ = _normal(x, epsilon)
        return normal * gamma + beta, gradient

    return normalized


def _normal(x, epsilon):
    """The normalized x and what it was scaled by, in float32."""
    x = ops.cast(x, "float32")
    mean, variance = ops.moments(x, axes=[-1], keepdims=True)
    scale = ops.rsqrt(variance + epsilon)
    return (x - mean) * scale, scale


def _mean(x):
    return ops.mean(x, axis=-1, keepdims=True)
