"""Where the tokens of a sequence stand."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class Places(keras.layers.Layer):
    """Numbers the tokens of a sequence, for attention that tells positions by itself.

    Where some of the tokens alone are encoded, their own places are given to attention instead.

    Args:
        count: number of tokens that there must be; None for any.

    Call arguments:
        tokens: (B, T, C), of which the number T alone is looked at.

    Returns:
        int32 (1, T), 0 to T - 1.

    Raises:
        ValueError: T is not `count`.
    """

    def __init__(self, count=None, **kwargs):
        super().__init__(**kwargs)
        self.count = count

    def call(self, tokens):
        self._check(tokens.shape[1])
        return ops.arange(ops.shape(tokens)[1], dtype="int32")[None]

    def compute_output_spec(self, tokens):
        self._check(tokens.shape[1])
        return keras.KerasTensor((1, tokens.shape[1]), dtype="int32")

    def _check(self, length):
        if self.count is not None and length not in (None, self.count):
            raise ValueError(
                f"This encoder's positions are those of {self.count} tokens; got {length}. Build "
                "it for that number, or with positions that hold for any."
            )

    def get_config(self):
        return {**super().get_config(), "count": self.count}
