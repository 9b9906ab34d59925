"""Positions of tokens: position ids and position embeddings."""

import math
from typing import Literal

import keras
import numpy as np
from keras import ops

from mmssl.choices import check_choices


@keras.saving.register_keras_serializable("mmssl")
class PositionIds(keras.layers.Layer):
    """Numbers the tokens of a sequence, for attention that encodes positions itself.

    Where only some of the tokens are encoded, attention is given their own positions instead.

    Args:
        count: required number of tokens; None for any.

    Call arguments:
        tokens: (B, T, C), of which only the shape is used.

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
                f"This encoder has positions for exactly {self.count} tokens; got {length}. Build "
                "it for that number, or with positions that work for any length."
            )

    def get_config(self):
        return {**super().get_config(), "count": self.count}


@keras.saving.register_keras_serializable("mmssl")
class SegmentIds(keras.layers.Layer):
    """Derives each token's segment id from the separators: 0 up to the first one, then 1.

    An encoder thus takes a pair `[CLS] A [SEP] B [SEP]` and a single text as the same input.

    Args:
        separator: token id of [SEP].

    Call arguments:
        token_ids: int32 (B, L).

    Returns:
        int32 (B, L) of 0 and 1; a separator belongs to the segment that it closes.
    """

    def __init__(self, separator, **kwargs):
        super().__init__(**kwargs)
        self.separator = separator

    def call(self, token_ids):
        closing = ops.cast(ops.equal(token_ids, self.separator), "int32")
        before = ops.cumsum(closing, axis=1) - closing
        return ops.minimum(before, 1)

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_output_spec(self, token_ids):
        return keras.KerasTensor(token_ids.shape, dtype="int32")

    def get_config(self):
        return {**super().get_config(), "separator": self.separator}


@keras.saving.register_keras_serializable("mmssl")
class GridPositions(keras.layers.Layer):
    """Adds a position embedding to each patch of a square grid.

    A grid of another size is taken to cover the same image more coarsely or finely: its patches
    get the embeddings of the positions that they cover.

    Args:
        grid: patches per side, at least 1.
        kind: `fixed` is 2D sines and cosines, half of the channels for rows and half for columns
            (MAE, MoCo v3); `learned` is a table, interpolated for other grids
            (see `bicubic_matrix`).

    Call arguments:
        tokens: (B, T, C), patches in row-major order; T is a square number, C a multiple of 4.

    Returns:
        (B, T, C).

    Raises:
        ValueError: the kind is unknown, T is not a square number, or C is not a multiple of 4.
    """

    def __init__(self, grid, kind: Literal["fixed", "learned"] = "fixed", **kwargs):
        super().__init__(**kwargs)
        check_choices(GridPositions.__init__, kind=kind)
        self.grid = grid
        self.kind = kind

    def build(self, input_shape):
        width = input_shape[-1]
        if width % 4:
            raise ValueError(f"GridPositions needs a width that is a multiple of 4; got {width}.")
        if self.kind == "learned":
            start = keras.initializers.TruncatedNormal(stddev=0.02)
            shape = (self.grid, self.grid, width)
            self.table = self.add_weight(shape, initializer=start, name="table")

    def call(self, tokens):
        count, width = tokens.shape[1:]
        side = math.isqrt(count)
        if side * side != count:
            raise ValueError(f"GridPositions takes the patches of a square grid; got {count}.")
        table = self._learned(side) if self.kind == "learned" else self._fixed(side, width)
        return tokens + ops.cast(ops.reshape(table, (1, count, width)), tokens.dtype)

    def _learned(self, side):
        table = ops.cast(self.table, "float32")
        if side == self.grid:
            return table
        # A product instead of ops.image.resize: XLA has no bicubic kernel.
        axis = ops.convert_to_tensor(bicubic_matrix(side, self.grid))
        return ops.matmul(axis, ops.tensordot(axis, table, axes=1))

    def _fixed(self, side, width):
        # In units of the original grid, so that a position keeps its embedding.
        coordinates = (np.arange(side) + 0.5) * self.grid / side - 0.5
        rates = 10000.0 ** (-np.arange(width // 4) / (width / 4))
        angles = coordinates[:, None] * rates
        waves = np.concatenate([np.sin(angles), np.cos(angles)], axis=-1).astype("float32")
        rows = np.broadcast_to(waves[:, None], (side, side, width // 2))
        columns = np.broadcast_to(waves[None], (side, side, width // 2))
        return ops.convert_to_tensor(np.concatenate([rows, columns], axis=-1))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "grid": self.grid, "kind": self.kind}


@keras.saving.register_keras_serializable("mmssl")
class PatchPositions(keras.layers.Layer):
    """Adds sines and cosines of row and column to each patch of a grid of any number of rows.

    Half of the channels tell the row, half the column; those of a square are those of
    `GridPositions`. Rows are counted from the first and not scaled, as time in a spectrogram.

    Args:
        columns: patches of a row.

    Call arguments:
        tokens: (B, rows * columns, C), patches in row-major order; C is a multiple of 4.

    Returns:
        (B, rows * columns, C).

    Raises:
        ValueError: C is not a multiple of 4.
    """

    def __init__(self, columns, **kwargs):
        super().__init__(**kwargs)
        self.columns = columns

    def build(self, input_shape):
        if input_shape[-1] % 4:
            raise ValueError(
                f"PatchPositions needs a width that is a multiple of 4; got {input_shape[-1]}."
            )

    def call(self, tokens):
        _, count, width = ops.shape(tokens)
        rows = count // self.columns
        half = (rows, self.columns, width // 2)
        of_row, of_column = (_waves(n, width) for n in (rows, self.columns))
        parts = [ops.broadcast_to(x, half) for x in (of_row[:, None], of_column[None])]
        table = ops.reshape(ops.concatenate(parts, axis=-1), (1, -1, width))
        return tokens + ops.cast(table, tokens.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "columns": self.columns}


def _waves(count, width):
    """Returns sines and cosines of the numbers below `count`: float32 (count, width / 2)."""
    rates = (10000.0 ** (-np.arange(width // 4) / (width / 4))).astype("float32")
    angles = ops.arange(count, dtype="float32")[:, None] * rates
    return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)


def bicubic_matrix(size, count):
    """Computes the matrix that resizes an axis by bicubic interpolation (Keys 1981, a = -1/2).

    As in TensorFlow and JAX without antialiasing: pixels are squares, of which the centers count,
    and weights that would fall outside are spread over those inside.

    Args:
        size: int, number of positions to interpolate, at least 1.
        count: int, number of positions that there are, at least 1.

    Returns:
        float32 array (size, count) whose rows sum to 1.
    """
    places = (np.arange(size) + 0.5) * count / size - 0.5
    apart = np.abs(places[:, None] - np.arange(count))
    near = (1.5 * apart - 2.5) * apart**2 + 1
    far = ((2.5 - 0.5 * apart) * apart - 4) * apart + 2
    weights = np.where(apart <= 1, near, np.where(apart < 2, far, 0.0))
    return (weights / weights.sum(axis=1, keepdims=True)).astype("float32")
