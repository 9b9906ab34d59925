"""Positions told by a bias of the attention: how far apart two patches are."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class RelativePositionBias(keras.layers.Layer):
    """Gives what attention adds to the scores between the patches of a square grid.

    Each head has a number for every offset between two patches, in rows and columns, and, with a
    class token, one each for it to a patch, a patch to it, and it to itself (BEiT, 2106.08254).

    Args:
        grid: patches a side, at least 1.
        heads: attention heads.
        class_token: whether the first token is one.

    Call arguments:
        places: int32 (B or 1, T), where the tokens stand: row by row in the grid, after the class
            token.

    Returns:
        (B or 1, heads, T, T), query by key.
    """

    def __init__(self, grid, heads, class_token=True, **kwargs):
        super().__init__(**kwargs)
        self.grid = grid
        self.heads = heads
        self.class_token = class_token

    def build(self, places_shape):
        start = keras.initializers.TruncatedNormal(stddev=0.02)
        self.index = self._index().astype("int32")
        shape = (int(self.index.max()) + 1, self.heads)
        self.table = self.add_weight(shape, initializer=start, name="table")

    def call(self, places):
        rows, length = ops.shape(places)
        pairs = places[:, :, None] * len(self.index) + places[:, None]
        offsets = ops.take(self.index.reshape(-1), ops.reshape(pairs, (-1,)))
        bias = ops.take(ops.convert_to_tensor(self.table), offsets, axis=0)
        bias = ops.reshape(bias, (rows, length, length, self.heads))
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

    def compute_output_spec(self, places):
        rows, length = places.shape
        return keras.KerasTensor((rows, self.heads, length, length), dtype=self.compute_dtype)

    def get_config(self):
        own = {"grid": self.grid, "heads": self.heads, "class_token": self.class_token}
        return {**super().get_config(), **own}
