"""Sequences of tokens as sentences: consecutive rows of equal length, padded at their ends."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class GroupTokens(keras.layers.Layer):
    """Cuts sequences into sentences of equal length; zeros fill up the last one.

    Args:
        tokens: tokens per sentence, padding included, 1 or more.

    Call arguments:
        inputs: (B, T).

    Returns:
        (B, ceil(T / tokens), tokens).
    """

    def __init__(self, tokens, **kwargs):
        super().__init__(**kwargs)
        self.tokens = tokens

    def call(self, inputs):
        rows, length = ops.shape(inputs)
        # Not ops.pad, which loses a known batch size, as LiteRT needs it, where T is dynamic.
        filler = ops.zeros((rows, (self.tokens - length % self.tokens) % self.tokens), inputs.dtype)
        return ops.reshape(ops.concatenate([inputs, filler], axis=1), (rows, -1, self.tokens))

    def compute_output_shape(self, input_shape):
        rows, length = input_shape
        return (rows, None if length is None else -(-length // self.tokens), self.tokens)

    def get_config(self):
        return {**super().get_config(), "tokens": self.tokens}


@keras.saving.register_keras_serializable("mmssl")
class ZeroMaskedTokens(keras.layers.Layer):
    """Sets the padding of sentences to zero.

    Call arguments:
        inputs: pair of features (B, S, L, C) and mask int32 (B, S, L), 1 for tokens.

    Returns:
        (B, S, L, C).
    """

    def call(self, inputs):
        features, mask = inputs
        return ops.where(mask[..., None] > 0, features, 0)

    def compute_output_shape(self, input_shape):
        return input_shape[0]


@keras.saving.register_keras_serializable("mmssl")
class SentenceMean(keras.layers.Layer):
    """Averages each sentence over its tokens.

    Call arguments:
        inputs: pair of features (B, S, L, C) and mask int32 (B, S, L), 1 for tokens.

    Returns:
        (B, S, C); zeros for a sentence without tokens.
    """

    def call(self, inputs):
        features, mask = inputs
        weights = ops.cast(mask, features.dtype)[..., None]
        total = ops.sum(ops.where(weights > 0, features, 0), axis=2)
        return total / ops.maximum(ops.sum(weights, axis=2), 1)

    def compute_output_shape(self, input_shape):
        rows, sentences, _, channels = input_shape[0]
        return (rows, sentences, channels)


@keras.saving.register_keras_serializable("mmssl")
class SentenceMask(keras.layers.Layer):
    """Tells sentences from padding.

    Call arguments:
        inputs: int32 (B, S, L), 1 for tokens.

    Returns:
        int32 (B, S), 1 for sentences with a token or more.
    """

    def call(self, inputs):
        return ops.max(inputs, axis=-1)

    def compute_output_shape(self, input_shape):
        return input_shape[:-1]
