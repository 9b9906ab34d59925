"""Positions of tokens: position ids, position embeddings, and attention biases."""

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


@keras.saving.register_keras_serializable("mmssl")
class AlibiBias(keras.layers.Layer):
    """Computes the attention bias of ALiBi (Press et al. 2021, 2108.12409).

        bias_hij = -scale_h slope_h |i - j|

    The paper's attention is causal, and so is KerasHub's AlibiBias; the absolute distance makes it
    symmetric, as in the official code of data2vec 2.0. The slopes of n heads, n a power of two,
    are 2^(-8 / n), 2^(-16 / n), ..., 2^-8. Other numbers of heads take the slopes of the next lower
    power of two and then, as in the paper's code, every other slope of twice that number.

    Args:
        num_heads: attention heads, at least 1.
        learned: whether each head has a learned scale, initialized to 1 and clipped below at 0;
            the scale is 1 otherwise.

    Call arguments:
        position_ids: int32 (B or 1, T), the positions of the tokens.

    Returns:
        float32 (B or 1, heads, T, T), query by key.
    """

    def __init__(self, num_heads, learned=False, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.learned = learned

    def build(self, position_ids_shape):
        self.slopes = slopes(self.num_heads).astype("float32")[:, None, None]
        self.scale = None
        if self.learned:
            # One axis, so that optimizers exclude it from weight decay. Distances reach into the
            # thousands, so no lower precision.
            self.scale = self.add_weight((self.num_heads,), "ones", name="scale", autocast=False)

    def call(self, position_ids):
        position_ids = ops.cast(position_ids, "float32")
        apart = ops.abs(position_ids[:, None, :, None] - position_ids[:, None, None])
        if self.scale is None:
            return -self.slopes * apart
        return -self.slopes * ops.maximum(self.scale, 0.0)[:, None, None] * apart

    def compute_output_spec(self, position_ids):
        rows, length = position_ids.shape
        return keras.KerasTensor((rows, self.num_heads, length, length), dtype="float32")

    def get_config(self):
        return {**super().get_config(), "num_heads": self.num_heads, "learned": self.learned}


def slopes(num_heads):
    """Computes ALiBi's slopes.

    Args:
        num_heads: attention heads, at least 1.

    Returns:
        float64 array (heads,).
    """
    whole = 2 ** int(math.log2(num_heads))
    between = np.arange(num_heads - whole) + 0.5
    return 2.0 ** (-8.0 / whole * np.concatenate([np.arange(whole) + 1, between]))


@keras.saving.register_keras_serializable("mmssl")
class RelativePositionBias(keras.layers.Layer):
    """Computes a learned attention bias between the patches of a square grid.

    Each head has one weight for every offset between two patches, in rows and columns, and, with a
    class token, one each for class token to patch, patch to class token, and class token to itself
    (BEiT, 2106.08254).

    Args:
        grid: patches per side, at least 1.
        num_heads: attention heads.
        class_token: whether the first token is a class token.

    Call arguments:
        position_ids: int32 (B or 1, T), the positions of the tokens: the grid in row-major order,
            after the class token.

    Returns:
        (B or 1, heads, T, T), query by key.
    """

    def __init__(self, grid, num_heads, class_token=True, **kwargs):
        super().__init__(**kwargs)
        self.grid = grid
        self.num_heads = num_heads
        self.class_token = class_token

    def build(self, position_ids_shape):
        start = keras.initializers.TruncatedNormal(stddev=0.02)
        self.index = self._index().astype("int32")
        shape = (int(self.index.max()) + 1, self.num_heads)
        self.table = self.add_weight(shape, initializer=start, name="table")

    def call(self, position_ids):
        rows, length = ops.shape(position_ids)
        pairs = position_ids[:, :, None] * len(self.index) + position_ids[:, None]
        offsets = ops.take(self.index.reshape(-1), ops.reshape(pairs, (-1,)))
        bias = ops.take(ops.convert_to_tensor(self.table), offsets, axis=0)
        bias = ops.reshape(bias, (rows, length, length, self.num_heads))
        return ops.cast(ops.transpose(bias, (0, 3, 1, 2)), self.compute_dtype)

    def _index(self):
        side = 2 * self.grid - 1
        rows, columns = np.divmod(np.arange(self.grid**2), self.grid)
        down, right = rows[:, None] - rows, columns[:, None] - columns
        index = (down + self.grid - 1) * side + right + self.grid - 1
        if self.class_token:
            index = np.pad(index, ((1, 0), (1, 0)), constant_values=side**2)
            index[1:, 0], index[0, 0] = side**2 + 1, side**2 + 2
        return index

    def compute_output_spec(self, position_ids):
        rows, length = position_ids.shape
        return keras.KerasTensor((rows, self.num_heads, length, length), dtype=self.compute_dtype)

    def get_config(self):
        own = {"grid": self.grid, "num_heads": self.num_heads, "class_token": self.class_token}
        return {**super().get_config(), **own}
