"""Dense layers that Keras lacks: channel-wise, weight-normalized, and transposed."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class ChannelwiseDense(keras.layers.Layer):
    """Fully connects the spatial positions of a feature map within each channel.

    Information in one corner thus reaches all others at the cost of C (HW)^2 weights, a C-th of
    those of a dense layer (Pathak, Krähenbühl, Donahue, Darrell, Efros 2016, arXiv 1604.07379,
    section 3.1).

    Call arguments:
        features: (B, H, W, C) with H and W known.

    Returns:
        (B, H, W, C): `out[b, p, c] = bias[p, c] + sum_q features[b, q, c] kernel[c, q, p]`, where
        p and q are positions of the map in row-major order.
    """

    def build(self, input_shape):
        _, height, width, channels = input_shape
        positions = height * width
        # Glorot's range for a dense layer with as many inputs as outputs; Keras would count the
        # channels as inputs, too.
        limit = math.sqrt(3.0 / positions)
        self.kernel = self.add_weight(
            shape=(channels, positions, positions),
            initializer=keras.initializers.RandomUniform(-limit, limit),
            name="kernel",
        )
        self.bias = self.add_weight(shape=(positions, channels), initializer="zeros", name="bias")

    def call(self, features):
        _, height, width, channels = features.shape
        flat = ops.reshape(features, (-1, height * width, channels))
        mixed = ops.einsum("bqc,cqp->bpc", flat, self.kernel) + self.bias
        return ops.reshape(mixed, (-1, height, width, channels))

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable("mmssl")
class WeightNormDense(keras.layers.Layer):
    """Dense layer without bias whose weight vectors are normalized to unit length.

        y_k = x . v_k / |v_k|

    This is weight normalization with a gain of one (Salimans, Kingma 2016, arXiv 1602.07868).

    Args:
        units: number of weight vectors v_k.

    Call arguments:
        x: (B, D).
        frozen: bool scalar; while true, no gradient reaches the weights, though it still reaches x.

    Returns:
        (B, units).
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        # Only the directions matter: at this scale a step rotates them as far as in PyTorch.
        start = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        shape = (input_shape[-1], self.units)
        self.kernel = self.add_weight(shape, initializer=start, name="kernel")

    def call(self, x, frozen=False):
        directions = ops.normalize(self.kernel, axis=0)
        held = ops.where(frozen, ops.stop_gradient(directions), directions)
        return ops.matmul(x, held)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class TiedDense(keras.layers.Layer):
    """The way back through a dense layer: its weights transposed, with a bias of its own.

    Args:
        dense: keras.layers.Dense, built, from D to H values; its bias and activation are not used.
        activation: name of a Keras activation, or None.

    Call arguments:
        x: (B, H).

    Returns:
        (B, D).
    """

    def __init__(self, dense, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.dense = dense
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        width = self.dense.kernel.shape[0]
        self.bias = self.add_weight((width,), initializer="zeros", name="bias")

    def call(self, x):
        kernel = ops.cast(self.dense.kernel, x.dtype)
        return self.activation(ops.matmul(x, ops.transpose(kernel)) + self.bias)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.dense.kernel.shape[0])
