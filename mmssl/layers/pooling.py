"""Pooling of feature maps and sequences into one vector per example."""

import itertools
import math
from typing import Literal

import keras
import numpy as np
from keras import ops

from mmssl.choices import check_choices

LEAST_VARIANCE = 1e-8  # under square roots, whose gradient is infinite at zero


@keras.saving.register_keras_serializable("mmssl")
class FrameMask(keras.layers.Layer):
    """Computes the padding mask of a strided encoder's frames: those wholly inside the recording.

    Args:
        hop: input samples per frame, at least 1.
        window: receptive field of a frame, in input samples; None for `hop`, as in a causal
            encoder, where samples before the frame are always available.

    Call arguments:
        padding_mask: int32 (B, T), 1 for samples and 0 for padding after them.

    Returns:
        int32 (B, (T - window) // hop + 1): the mask of frame f is that of its last sample,
        `f * hop + window - 1`.
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
class AtLeast(keras.layers.Layer):
    """Makes every recording long enough for one frame, so that a short clip has an embedding too.

    A recording shorter than `samples` is continued with silence, which counts as part of it from
    here on; a longer one stays as it is. Level normalization comes before, on the clip alone.

    Args:
        samples: fewest samples that give a frame, 1 or more.

    Call arguments:
        inputs: pair of waveform (B, T) and padding_mask int32 (B, T).

    Returns:
        The same pair, (B, max(T, samples)) each.
    """

    def __init__(self, samples, **kwargs):
        super().__init__(**kwargs)
        self.samples = samples

    def call(self, inputs):
        waveform, mask = (self._padded(x) for x in inputs)
        early = ops.arange(ops.shape(mask)[1]) < self.samples
        return waveform, ops.where(early, mask[:, :1], mask)

    def _padded(self, x):
        rows, length = ops.shape(x)
        largest = max if isinstance(length, int) else ops.maximum
        # Not ops.pad, which loses a known batch size, as LiteRT needs it, where T is dynamic.
        silence = ops.zeros((rows, largest(0, self.samples - length)), x.dtype)
        return ops.concatenate([x, silence], axis=1)

    def compute_output_spec(self, inputs):
        return tuple(keras.KerasTensor(self._shape(x.shape), x.dtype) for x in inputs)

    def _shape(self, shape):
        rows, length = shape
        return (rows, None if length is None else max(length, self.samples))

    def get_config(self):
        return {**super().get_config(), "samples": self.samples}


@keras.saving.register_keras_serializable("mmssl")
class ZeroMaskedFrames(keras.layers.Layer):
    """Sets padding frames to zero, like the zero padding beyond the end of a sequence.

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
    """Averages a sequence over its unmasked frames.

    Args:
        features: (B, F, C).
        mask: int32 (B, F), 1 for frames that count.

    Returns:
        (B, 1, C); zeros for an example in which no frame counts.
    """
    weights = ops.cast(mask, features.dtype)[..., None]
    # `where`, not a product: a padding frame must not matter even if it is infinite.
    total = ops.sum(ops.where(weights > 0, features, 0), axis=1, keepdims=True)
    return total / ops.maximum(ops.sum(weights, axis=1, keepdims=True), 1)


def masked_moments(features, mask):
    """Computes mean and variance over the unmasked frames; see `masked_mean`."""
    mean = masked_mean(features, mask)
    return mean, masked_mean(ops.square(features - mean), mask)


@keras.saving.register_keras_serializable("mmssl")
class MaskedMean(keras.layers.Layer):
    """Averages a sequence over its unmasked frames.

    Call arguments:
        inputs: pair of features (B, F, C) and mask int32 (B, F), 1 for frames that count.

    Returns:
        (B, C); zeros for an example in which no frame counts.
    """

    def call(self, inputs):
        features, mask = inputs
        return masked_mean(features, mask)[:, 0]

    def joined(self, parts, frames):
        """Computes the result of a whole sequence from those of its parts.

        Args:
            parts: float array (P, C), the result of each part.
            frames: float array (P, 1), the number of frames that counted in each.

        Returns:
            Float array (C,).
        """
        return np.sum(parts * (frames / np.sum(frames)), axis=0)

    def compute_output_shape(self, input_shape):
        features, _ = input_shape
        return (features[0], features[-1])


@keras.saving.register_keras_serializable("mmssl")
class EndToken(keras.layers.Layer):
    """Takes the last token of a sequence that is followed by padding, whatever its id.

    Call arguments:
        inputs: pair of features (B, L, C) and mask int32 (B, L), 1 for tokens and 0 for padding
            after them.

    Returns:
        (B, C); zeros for a sequence without tokens.
    """

    def call(self, inputs):
        features, mask = inputs
        counts = ops.sum(mask, axis=1, keepdims=True)
        last = ops.cumsum(ops.ones_like(mask), axis=1) == counts
        return masked_mean(features, ops.cast(last, "int32"))[:, 0]

    def compute_output_shape(self, input_shape):
        features, _ = input_shape
        return (features[0], features[-1])


@keras.saving.register_keras_serializable("mmssl")
class MaskedStatistics(keras.layers.Layer):
    """Concatenates the mean and standard deviation of a sequence over its unmasked frames.

    The content of a recording shows in how its frames vary as well as in their mean (Snyder,
    Garcia-Romero, Povey, Khudanpur 2017, statistics pooling).

    Call arguments:
        inputs: pair of features (B, F, C) and mask int32 (B, F), 1 for frames that count.

    Returns:
        (B, 2 * C), means first; close to zero for an example in which no frame counts.
    """

    def call(self, inputs):
        mean, variance = masked_moments(*inputs)
        return ops.concatenate([mean, ops.sqrt(variance + LEAST_VARIANCE)], axis=-1)[:, 0]

    def joined(self, parts, frames):
        """Computes the result of a whole sequence from those of its parts, see `MaskedMean`."""
        weights = frames / np.sum(frames)
        means, deviations = np.split(parts, 2, axis=-1)
        mean = np.sum(weights * means, axis=0)
        variance = np.sum(weights * (deviations**2 + (means - mean) ** 2), axis=0)
        return np.concatenate([mean, np.sqrt(variance)])

    def compute_output_shape(self, input_shape):
        features, _ = input_shape
        return (features[0], 2 * features[-1])


@keras.saving.register_keras_serializable("mmssl")
class GridPooling(keras.layers.Layer):
    """Averages a feature map over the cells of a coarse grid and concatenates the cells.

    Args:
        grid: cells per side, at least 1; 1 is global average pooling.

    Call arguments:
        features: (B, H, W, C) with H and W known, each at least `grid`; later calls may pass maps
            of other sizes. Rows and columns that `grid` does not divide are spread as evenly as
            possible, the surplus going to later cells.

    Returns:
        (B, grid * grid * C), cells in row-major order.
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
        """Lists the edges of the cells, in row-major order."""
        _, height, width, _ = shape
        if height is None or width is None or min(height, width) < self.grid:
            raise ValueError(
                f"GridPooling(grid={self.grid}) needs a feature map of known size, at least "
                f"{self.grid} per side; got {height} x {width}."
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
        kind: `mean` averages the patches of an image, `token` takes the first token.
        class_token: whether the first token is a class token.
        grid: with `mean`, cells per side: the patches of each cell are averaged and the cells
            concatenated; see GridPooling.

    Call arguments:
        features: (B, T, C); with a `grid` above 1, the patches of a square grid.

    Returns:
        (B, grid * grid * C), which is (B, C) without a grid.

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
