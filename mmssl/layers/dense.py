"""Dense layers of other kinds than Keras': one map a channel, and directions of length one."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class ChannelwiseDense(keras.layers.Layer):
    """Connects every place of a map with every other one, within each channel.

    So what stands in one corner reaches all others at the cost of C (HW)^2 weights, a C-th of a
    dense layer's (Pathak, Krähenbühl, Donahue, Darrell, Efros 2016, arXiv 1604.07379, section 3.1).

    Call arguments:
        features: (B, H, W, C) with H and W known.

    Returns:
        (B, H, W, C): `out[b, p, c] = bias[p, c] + sum_q features[b, q, c] kernel[c, q, p]`, p and
        q the places of the map in reading order.
    """

    def build(self, input_shape):
        _, height, width, channels = input_shape
        places = height * width
        # Glorot's range for a dense layer of as many inputs as outputs; Keras would count the
        # channels as inputs, too.
        limit = math.sqrt(3.0 / places)
        self.kernel = self.add_weight(
            shape=(channels, places, places),
            initializer=keras.initializers.RandomUniform(-limit, limit),
            name="kernel",
        )
        self.bias = self.add_weight(shape=(places, channels), initializer="zeros", name="bias")

    def call(self, features):
        _, height, width, channels = features.shape
        flat = ops.reshape(features, (-1, height * width, channels))
        mixed = ops.einsum("bqc,cqp->bpc", flat, self.kernel) + self.bias
        return ops.reshape(mixed, (-1, height, width, channels))

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable("mmssl")
class WeightNormDense(keras.layers.Layer):
    """Dense layer without bias whose weight vectors count by their direction alone.

        y_k = x . v_k / |v_k|

    This is weight normalization with a gain of one (Salimans, Kingma 2016, arXiv 1602.07868).

    Args:
        units: number of directions.

    Call arguments:
        x: (B, D).
        frozen: bool scalar; while it holds the directions get no gradient, and x does.

    Returns:
        (B, units).
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        # Only directions matter: at this size a step turns them as much as it turns torch's.
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
