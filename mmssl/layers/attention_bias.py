"""Attention biases that follow from the distance between positions."""

import math

import keras
import numpy as np
from keras import ops


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


@keras.saving.register_keras_serializable("mmssl")
class BucketedPositionBias(keras.layers.Layer):
    """Computes T5's learned attention bias by distance (Raffel et al. 2019, 1910.10683).

    Each head has one weight for every bucket of distances: one a distance up to half of the
    buckets, then buckets that grow by a constant factor up to `max_distance`; all larger distances
    share the last. Both directions have half of the buckets each, unless keys after the query are
    not seen.

    Args:
        num_heads: attention heads.
        stddev: of the initial weights.
        buckets: number of buckets; even if there are two directions.
        max_distance: distance from which on the last bucket is taken, more than `buckets`.
        causal: whether queries attend to earlier keys only.

    Call arguments:
        queries: int32 (B or 1, L), positions.
        keys: int32 (B or 1, S), positions.

    Returns:
        (B or 1, heads, L, S).
    """

    def __init__(
        self, num_heads, stddev=0.02, buckets=32, max_distance=128, causal=False, **kwargs
    ):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.stddev = stddev
        self.buckets = buckets
        self.max_distance = max_distance
        self.causal = causal

    def build(self, queries_shape, keys_shape):
        start = keras.initializers.RandomNormal(stddev=self.stddev)
        self.table = self.add_weight((self.buckets, self.num_heads), start, name="table")

    def call(self, queries, keys):
        buckets = self.bucket(keys[:, None] - queries[:, :, None])
        bias = ops.take(ops.convert_to_tensor(self.table), buckets, axis=0)
        return ops.cast(ops.transpose(bias, (0, 3, 1, 2)), self.compute_dtype)

    def bucket(self, offset):
        """Numbers the buckets of offsets, int32 (...), positions of keys less those of queries."""
        half = self.buckets if self.causal else self.buckets // 2
        distance = ops.maximum(-offset, 0) if self.causal else ops.abs(offset)
        near = half // 2
        growth = math.log(self.max_distance / near) / (half - near)
        # Rounded down, with room for the last bit of a logarithm, which processors differ in.
        far = ops.log(ops.cast(ops.maximum(distance, near), "float32") / near) / growth
        far = near + ops.cast(ops.floor(far + 1e-4), "int32")
        number = ops.where(distance < near, distance, ops.minimum(far, half - 1))
        return number if self.causal else number + half * ops.cast(offset > 0, "int32")

    def compute_output_spec(self, queries, keys):
        shape = (queries.shape[0], self.num_heads, queries.shape[1], keys.shape[1])
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self):
        names = ("num_heads", "stddev", "buckets", "max_distance", "causal")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
