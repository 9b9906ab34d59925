"""Normalization and scaling of channels."""

import keras
from keras import ops

from mmssl.layers.pooling import masked_moments


@keras.saving.register_keras_serializable("mmssl")
class ChannelNormalization(keras.layers.Layer):
    """Normalizes each channel over the frames of its recording, then scales and shifts it.

    This is group normalization with one group per channel, as in wav2vec 2.0 (2006.11477), but
    padding frames are left out of the statistics, so that padding changes no other frame.

    Args:
        epsilon: added to the variance, above 0.

    Call arguments:
        inputs: pair of features (B, F, C) and mask int32 (B, F).

    Returns:
        (B, F, C); padding frames are normalized like the rest.
    """

    def __init__(self, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape):
        width = (input_shape[0][-1],)
        self.scale = self.add_weight(width, initializer="ones", name="scale")
        self.shift = self.add_weight(width, initializer="zeros", name="shift")

    def call(self, inputs):
        features, mask = inputs
        exact = ops.cast(features, "float32")
        mean, variance = masked_moments(exact, mask)
        normal = (exact - mean) * ops.rsqrt(variance + self.epsilon)
        scaled = normal * ops.cast(self.scale, "float32") + ops.cast(self.shift, "float32")
        return ops.cast(scaled, features.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("mmssl")
class LayerScale(keras.layers.Layer):
    """Multiplies each channel by a learned weight that is initialized to a small value.

    A deep network of pre-norm blocks then starts close to the identity (Touvron et al. 2021,
    2103.17239).

    Args:
        initial: initial value of the weights, above 0.

    Call arguments:
        x: (..., C).

    Returns:
        The same shape.
    """

    def __init__(self, initial=1e-4, **kwargs):
        super().__init__(**kwargs)
        self.initial = initial

    def build(self, input_shape):
        start = keras.initializers.Constant(self.initial)
        self.scale = self.add_weight((input_shape[-1],), initializer=start, name="scale")

    def call(self, x):
        return x * ops.cast(self.scale, x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "initial": self.initial}


@keras.saving.register_keras_serializable("mmssl")
class Standardize(keras.layers.Layer):
    """Subtracts a mean from each value and divides by a deviation, neither of which is trained.

    Call arguments:
        x: (B, D).

    Returns:
        (B, D); x itself until `set_moments`.
    """

    def build(self, input_shape):
        kept = {"shape": (input_shape[-1],), "trainable": False}
        self.mean = self.add_weight(initializer="zeros", name="mean", **kept)
        self.deviation = self.add_weight(initializer="ones", name="deviation", **kept)

    def set_moments(self, mean, deviation):
        """Sets what is subtracted, and what is divided by: two arrays (D,), the second above 0."""
        self.mean.assign(mean)
        self.deviation.assign(deviation)

    def call(self, x):
        return (x - self.mean) / self.deviation

    def compute_output_shape(self, input_shape):
        return input_shape
