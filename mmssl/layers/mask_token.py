"""A learned vector in the place of masked tokens."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class MaskToken(keras.layers.Layer):
    """Replaces the masked tokens of a sequence by one learned vector.

    Args:
        deviation: of the normal distribution that the vector is drawn from.

    Call arguments:
        inputs: pair of tokens (B, T, C) and mask (B, T), above 0 where a token is replaced.

    Returns:
        (B, T, C).
    """

    def __init__(self, deviation=0.02, **kwargs):
        super().__init__(**kwargs)
        self.deviation = deviation

    def build(self, input_shape):
        tokens, _ = input_shape
        start = keras.initializers.TruncatedNormal(stddev=self.deviation)
        self.token = self.add_weight((tokens[-1],), initializer=start, name="token")

    def call(self, inputs):
        tokens, mask = inputs
        # Where, not a product: what is hidden must not matter, even if it is infinite.
        return ops.where(mask[..., None] > 0, ops.cast(self.token, tokens.dtype), tokens)

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "deviation": self.deviation}
