"""Sequences from their last element to their first."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class ReverseTokens(keras.layers.Layer):
    """Turns the tokens of each sequence around and leaves its padding at the end.

    Twice, it changes nothing but the padding.

    Call arguments:
        inputs: pair of features (B, L, C) and mask int32 (B, L), 1 for tokens, which come first.

    Returns:
        (B, L, C).
    """

    def call(self, inputs):
        features, mask = inputs
        lengths = ops.sum(mask, axis=1, keepdims=True)
        places = ops.arange(ops.shape(mask)[1], dtype="int32")[None]
        turned = ops.where(places < lengths, lengths - 1 - places, places)
        return ops.take_along_axis(features, turned[..., None], axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape[0]
