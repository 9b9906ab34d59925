"""Patches of a picture as a sequence: where they stand, and a token before them."""

import math
from typing import Literal

import keras
import numpy as np
from keras import ops

from mmssl.choices import check_choices
from mmssl.layers.pooling import GridPooling


@keras.saving.register_keras_serializable("mmssl")
class GridPositions(keras.layers.Layer):
    """Adds to each patch of a square grid a vector that tells its row and column.

    A grid of another size than the one it was made for covers the same picture more coarsely or
    finely: its patches get the vectors of the places that they cover.

    Args:
        grid: patches a side, at least 1.
        kind: `fixed` is sines and cosines, a quarter of the channels each for rows and columns
            (MAE, MoCo v3); `learned` is a table, interpolated for other grids.

    Call arguments:
        tokens: (B, T, C), patches in reading order; T is a square number, C a multiple of 4.

    Returns:
        (B, T, C).

    Raises:
        ValueError: the kind is unknown, T is no square number, or C no multiple of 4.
    """

    def __init__(self, grid, kind: Literal["fixed", "learned"] = "fixed", **kwargs):
        super().__init__(**kwargs)
        check_choices(GridPositions.__init__, kind=kind)
        self.grid = grid
        self.kind = kind

    def build(self, input_shape):
        width = input_shape[-1]
        if width % 4:
            raise ValueError(f"GridPositions needs a width that 4 divides; got {width}.")
        if self.kind == "learned":
            start = keras.initializers.TruncatedNormal(stddev=0.02)
            shape = (self.grid, self.grid, width)
            self.table = self.add_weight(shape, initializer=start, name="table")

    def call(self, tokens):
        count, width = tokens.shape[1:]
        side = math.isqrt(count)
        if side * side != count:
            raise ValueError(f"GridPositions takes patches of a square grid; got {count}.")
        table = self._learned(side) if self.kind == "learned" else self._fixed(side, width)
        return tokens + ops.cast(ops.reshape(table, (1, count, width)), tokens.dtype)

    def _learned(self, side):
        table = ops.convert_to_tensor(self.table)
        if side == self.grid:
            return table
        return ops.image.resize(
            table, (side, side), interpolation="bicubic", data_format="channels_last"
        )

    def _fixed(self, side, width):
        # In units of the grid that it was made for, so that a place keeps its vector.
        places = (np.arange(side) + 0.5) * self.grid / side - 0.5
        rates = 10000.0 ** (-np.arange(width // 4) / (width / 4))
        angles = places[:, None] * rates
        waves = np.concatenate([np.sin(angles), np.cos(angles)], axis=-1).astype("float32")
        rows = np.broadcast_to(waves[:, None], (side, side, width // 2))
        columns = np.broadcast_to(waves[None], (side, side, width // 2))
        return ops.convert_to_tensor(np.concatenate([rows, columns], axis=-1))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "grid": self.grid, "kind": self.kind}


@keras.saving.register_keras_serializable("mmssl")
class ClassToken(keras.layers.Layer):
    """Puts a learned token before a sequence.

    Call arguments:
        tokens: (B, T, C).

    Returns:
        (B, T + 1, C), the new token at place 0.
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
class TokenPooling(keras.layers.Layer):
    """Reduces tokens to one vector.

    Args:
        kind: `mean` averages the patches of a picture, `token` takes the first token.
        class_token: whether the first token is one.
        grid: with `mean`, cells a side: the patches of each are averaged and the cells joined;
            see GridPooling.

    Call arguments:
        features: (B, T, C); for a mean, patches of a square grid.

    Returns:
        (B, C), with a grid (B, grid * grid * C).

    Raises:
        ValueError: the kind is unknown.
    """

    def __init__(self, kind: Literal["mean", "token"] = "mean", class_token=True, grid=1, **kwargs):
        super().__init__(**kwargs)
        check_choices(TokenPooling.__init__, kind=kind)
        self.kind = kind
        self.class_token = class_token
        self.grid = grid

    def build(self, input_shape):
        self.cells = GridPooling(self.grid, dtype=self.dtype_policy)

    def call(self, features):
        if self.kind == "token":
            return features[:, 0]
        patches = features[:, 1:] if self.class_token else features
        if self.grid == 1:
            return ops.mean(patches, axis=1)
        side = math.isqrt(patches.shape[1])
        return self.cells(ops.reshape(patches, (-1, side, side, patches.shape[-1])))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.grid**2 * input_shape[-1])

    def get_config(self):
        own = {"kind": self.kind, "class_token": self.class_token, "grid": self.grid}
        return {**super().get_config(), **own}
