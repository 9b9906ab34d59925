"""Pooling of maps and sequences into one vector an example."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class FrameMask(keras.layers.Layer):
    """Tells which frames of a strided causal encoder lie wholly inside the recording.

    Args:
        hop: input samples a frame, at least 1.

    Call arguments:
        padding_mask: int32 (B, T), 1 for samples and 0 for padding after them.

    Returns:
        int32 (B, T // hop): frame f is kept when its last sample, `(f + 1) * hop - 1`, is.
    """

    def __init__(self, hop, **kwargs):
        super().__init__(**kwargs)
        self.hop = hop

    def call(self, padding_mask):
        return padding_mask[:, self.hop - 1 :: self.hop]

    def compute_output_shape(self, input_shape):
        length = input_shape[1]
        return (input_shape[0], None if length is None else length // self.hop)

    def get_config(self):
        return {**super().get_config(), "hop": self.hop}


@keras.saving.register_keras_serializable("mmssl")
class MaskedMean(keras.layers.Layer):
    """Averages a sequence over the frames that its mask keeps.

    Call arguments:
        inputs: pair of features (B, F, C) and mask int32 (B, F).

    Returns:
        (B, C); zeros for an example without a kept frame.
    """

    def call(self, inputs):
        features, mask = inputs
        weights = ops.cast(mask, features.dtype)[..., None]
        # Where, not a product: what stands in the padding must not matter, even if it is infinite.
        total = ops.sum(ops.where(weights > 0, features, 0), axis=1)
        return total / ops.maximum(ops.sum(weights, axis=1), 1)

    def compute_output_shape(self, input_shape):
        features, _ = input_shape
        return (features[0], features[-1])


@keras.saving.register_keras_serializable("mmssl")
class MaskedStatistics(keras.layers.Layer):
    """Joins a sequence's mean and standard deviation over the frames that its mask keeps.

    What a recording holds shows in how its frames vary as well as in their mean (Snyder,
    Garcia-Romero, Povey, Khudanpur 2017, statistics pooling).

    Call arguments:
        inputs: pair of features (B, F, C) and mask int32 (B, F).

    Returns:
        (B, 2 * C), means first; close to zero for an example without a kept frame.
    """

    def build(self, input_shape):
        self.mean = MaskedMean(dtype=self.dtype_policy)

    def call(self, inputs):
        features, mask = inputs
        mean = self.mean([features, mask])
        variance = self.mean([ops.square(features - mean[:, None]), mask])
        # The root has no gradient at zero, where a recording is a single frame.
        return ops.concatenate([mean, ops.sqrt(variance + 1e-8)], axis=-1)

    def compute_output_shape(self, input_shape):
        features, _ = input_shape
        return (features[0], 2 * features[-1])


@keras.saving.register_keras_serializable("mmssl")
class GridPooling(keras.layers.Layer):
    """Averages a map over the cells of a coarse grid and joins the cells into one vector.

    Args:
        grid: cells a side, at least 1; 1 is global average pooling.

    Call arguments:
        features: (B, H, W, C) with H and W known, each at least `grid`. Rows and columns that do
            not divide evenly go to the later cells, as evenly as whole numbers allow.

    Returns:
        (B, grid * grid * C), cells in reading order.
    """

    def __init__(self, grid=1, **kwargs):
        super().__init__(**kwargs)
        self.grid = grid

    def build(self, input_shape):
        _, height, width, _ = input_shape
        if height is None or width is None or min(height, width) < self.grid:
            raise ValueError(
                f"GridPooling(grid={self.grid}) needs a map of known size, at least {self.grid} "
                f"a side; got {height} x {width}."
            )
        self._rows = [height * i // self.grid for i in range(self.grid + 1)]
        self._columns = [width * i // self.grid for i in range(self.grid + 1)]

    def call(self, features):
        cells = [
            ops.mean(features[:, top:bottom, left:right], axis=(1, 2))
            for top, bottom in zip(self._rows[:-1], self._rows[1:], strict=True)
            for left, right in zip(self._columns[:-1], self._columns[1:], strict=True)
        ]
        return cells[0] if len(cells) == 1 else ops.concatenate(cells, axis=-1)

    def compute_output_shape(self, input_shape):
        channels = input_shape[-1]
        return (input_shape[0], self.grid**2 * channels)

    def get_config(self):
        return {**super().get_config(), "grid": self.grid}
