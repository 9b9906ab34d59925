"""Fully connected maps, one for each channel."""

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
