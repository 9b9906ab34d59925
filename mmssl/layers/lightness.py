"""Lightness of colour pictures."""

import keras

from mmssl.layers.lab import rgb_to_lightness


@keras.saving.register_keras_serializable("mmssl")
class Lightness(keras.layers.Layer):
    """Reduces sRGB pictures to the L of CIE Lab, centred and scaled to [-1, 1].

    Call arguments:
        images: float32 (B, H, W, 3) in [0, 1], sRGB.

    Returns:
        (B, H, W, 1): (L - 50) / 50, so black is -1 and white 1.
    """

    def call(self, images):
        return rgb_to_lightness(images) / 50.0 - 1.0

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1)
