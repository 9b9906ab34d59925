"""Pooling of maps and sequences into one vector an example."""

import itertools
import math
from typing import Literal

import keras
from keras import ops

from mmssl.choices import check_choices


@keras.saving.register_keras_serializable("mmssl")
class FrameMask(keras.layers.Layer):
    """Tells which frames of a strided encoder lie wholly inside the recording.

    Args:
        hop: input samples a frame, at least 1.
        window: input samples that a frame looks at; `hop` where None, as for a causal encoder,
            whose earlier samples are there in any case.

    Call arguments:
        padding_mask: int32 (B, T), 1 for samples and 0 for padding after them.

    Returns:
        int32 (B, (T - window) // hop + 1): frame f is kept when its last sample,
        `f * hop + window - 1`, is.
    """

    def __init__(self, hop, window=None, **kwargs):
        super().__init__(**kwargs)
        self.hop = hop
        self.window = window

    def call(self, padding_mask):
        return padding_mask[:, (self.window or self.hop) - 1 :: self.hop]

    def compute_output_shape(self, input_shape):
        rows, length = input_shape
        if length is not None:
            length = max(0, (length - (self.window or self.hop)) // self.hop + 1)
        return (rows, length)

    def get_config(self):
        return {**super().get_config(), "hop": self.hop, "window": self.window}


@keras.saving.register_keras_serializable("mmssl")
class ZeroMaskedFrames(keras.layers.Layer):
    """Sets the frames of padding to zero, as what lies beyond the end of a recording.

    Call arguments:
        inputs: pair of features (B, F, C) and mask int32 (B, F).

    Returns:
        (B, F, C).
    """

    def call(self, inputs):
        features, mask = inputs
        return ops.where(mask[..., None] > 0, features, 0)

    def compute_output_shape(self, input_shape):
        return input_shape[0]


def masked_mean(features, mask):
    """Averages a sequence over the frames that its mask keeps.

    Args:
        features: (B, F, C).
        mask: int32 (B, F).

    Returns:
        (B, 1, C); zeros for an example without a kept frame.
    """
    weights = ops.cast(mask, features.dtype)[..., None]
    # Where, not a product: what stands in the padding must not matter, even if it is infinite.
    total = ops.sum(ops.where(weights > 0, features, 0), axis=1, keepdims=True)
    return total / ops.maximum(ops.sum(weights, axis=1, keepdims=True), 1)


def masked_moments(features, mask):
    """Computes mean and variance over the frames that a mask keeps; see `masked_mean`."""
    mean = masked_mean(features, mask)
    return mean, masked_mean(ops.square(features - mean), mask)


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
        return masked_mean(features, mask)[:, 0]

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

    def call(self, inputs):
        mean, variance = masked_moments(*inputs)
        # The root has no gradient at zero, where a recording is a single frame.
        return ops.concatenate([mean, ops.sqrt(variance + 1e-8)], axis=-1)[:, 0]

    def compute_output_shape(self, input_shape):
        features, _ = input_shape
        return (features[0], 2 * features[-1])


@keras.saving.register_keras_serializable("mmssl")
class GridPooling(keras.layers.Layer):
    """Averages a map over the cells of a coarse grid and joins the cells into one vector.

    Args:
        grid: cells a side, at least 1; 1 is global average pooling.

    Call arguments:
        features: (B, H, W, C) with H and W known, each at least `grid`; maps of other sizes may
            follow. Rows and columns that do not divide evenly go to the later cells, as evenly as
            whole numbers allow.

    Returns:
        (B, grid * grid * C), cells in reading order.
    """

    def __init__(self, grid=1, **kwargs):
        super().__init__(**kwargs)
        self.grid = grid

    def build(self, input_shape):
        self._cells(input_shape)

    def call(self, features):
        cells = [
            ops.mean(features[:, top:bottom, left:right], axis=(1, 2))
            for top, bottom, left, right in self._cells(features.shape)
        ]
        return cells[0] if len(cells) == 1 else ops.concatenate(cells, axis=-1)

    def _cells(self, shape):
        """Lists the edges of the cells, in reading order."""
        _, height, width, _ = shape
        if height is None or width is None or min(height, width) < self.grid:
            raise ValueError(
                f"GridPooling(grid={self.grid}) needs a map of known size, at least {self.grid} "
                f"a side; got {height} x {width}."
            )
        rows, columns = (
            [size * i // self.grid for i in range(self.grid + 1)] for size in (height, width)
        )
        return [
            (top, bottom, left, right)
            for top, bottom in itertools.pairwise(rows)
            for left, right in itertools.pairwise(columns)
        ]

    def compute_output_shape(self, input_shape):
        channels = input_shape[-1]
        return (input_shape[0], self.grid**2 * channels)

    def get_config(self):
        return {**super().get_config(), "grid": self.grid}


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
