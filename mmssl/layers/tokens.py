"""Gathering tokens from a sequence, scattering them back, and prepending a class token."""

import keras
from keras import ops


def gather_tokens(x, position_ids):
    """Gathers the tokens at given positions of each sequence.

    Args:
        x: (B, T, C).
        position_ids: int32 (B, M, P), M lists of positions for every sequence.

    Returns:
        (B * M, P, C), the M lists of a sequence next to each other.
    """
    rows, length, width = ops.shape(x)
    _, lists, size = ops.shape(position_ids)
    # Flat row indices make this a plain lookup, whose gradient is a plain sum.
    flat = position_ids + length * ops.arange(rows, dtype="int32")[:, None, None]
    taken = ops.take(ops.reshape(x, (-1, width)), ops.reshape(flat, (-1,)), axis=0)
    return ops.reshape(taken, (rows * lists, size, width))


def scatter_tokens(visible, masked, visible_ids, masked_ids):
    """Puts two sets of tokens back at their positions in the sequences, undoing `gather_tokens`.

    Args:
        visible: (N, V, C).
        masked: (N, T - V, C).
        visible_ids: int32, N x V in any shape (..., V).
        masked_ids: int32, N x (T - V) in any shape (..., T - V); together with `visible_ids`,
            every position from 0 to T - 1 exactly once.

    Returns:
        (N, T, C).
    """
    both = ops.concatenate([visible, ops.cast(masked, visible.dtype)], axis=1)
    position_ids = ops.concatenate([visible_ids, masked_ids], axis=-1)
    inverse = ops.cast(ops.argsort(position_ids, axis=-1), "int32")
    return gather_tokens(both, ops.reshape(inverse, (-1, 1, ops.shape(inverse)[-1])))


@keras.saving.register_keras_serializable("mmssl")
class ClassToken(keras.layers.Layer):
    """Prepends a learned token to a sequence.

    Call arguments:
        tokens: (B, T, C).

    Returns:
        (B, T + 1, C), the new token at position 0.
    """

    def build(self, input_shape):
        start = keras.initializers.TruncatedNormal(stddev=0.02)
        self.token = self.add_weight((1, 1, input_shape[-1]), initializer=start, name="token")

    def call(self, tokens):
        first = ops.cast(
            ops.broadcast_to(self.token, (ops.shape(tokens)[0], 1, tokens.shape[-1])), tokens.dtype
        )
        return ops.concatenate([first, tokens], axis=1)

    def compute_output_shape(self, input_shape):
        rows, length, width = input_shape
        return (rows, None if length is None else length + 1, width)


@keras.saving.register_keras_serializable("mmssl")
class LearnedTokens(keras.layers.Layer):
    """Gives every example the same learned tokens.

    Args:
        count: number of tokens, T.
        width: channels of each.

    Call arguments:
        x: (B, ...), of which only the number of rows is used.

    Returns:
        (B, T, width).
    """

    def __init__(self, count, width, **kwargs):
        super().__init__(**kwargs)
        self.count = count
        self.width = width
        start = keras.initializers.TruncatedNormal(stddev=0.02)
        self.tokens = self.add_weight((count, width), initializer=start, name="tokens")

    def build(self, input_shape):
        """Does nothing: the constructor creates the tokens."""

    def call(self, x):
        tokens = ops.cast(self.tokens, self.compute_dtype)
        return ops.broadcast_to(tokens, (ops.shape(x)[0], self.count, self.width))

    def compute_output_spec(self, x):
        return keras.KerasTensor((x.shape[0], self.count, self.width), dtype=self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "count": self.count, "width": self.width}
