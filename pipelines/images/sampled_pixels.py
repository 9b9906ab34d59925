"""Image crops with a few pixels of each, whose colors are to be predicted."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.crops import ImageCrops
from mmssl.pipelines.images.drawn_examples import with_draws

_PIXELS = 1  # keeps the draws of the pixels independent of those of the crop
BORDER = 8  # the part of a side that is left out at each end: 32 pixels of 256


class SampledPixels(ImageCrops):
    """Random crops, each with the places of a few pixels.

    In addition to images, batches hold pixels int32 (B, num_pixels, 2), the rows and columns of
    pixels drawn with replacement, an eighth of the size or more away from the borders, where a
    network sees much padding. Inputs of a trained encoder are those of `ImageCrops`.

    Args:
        source: see `ImageCrops`.
        size: see `ImageCrops`.
        batch_size: see `ImageCrops`.
        num_pixels: pixels of each crop, 1 or more.
        **kwargs: see `ImageCrops`.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 64,
        batch_size: int = 64,
        num_pixels: int = 32,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if num_pixels < 1:
            raise ValueError(f"num_pixels={num_pixels} must be 1 or more pixels")
        self.num_pixels = num_pixels

    def example(self, index, key):
        pixel_key = tf.random.experimental.stateless_fold_in(key, _PIXELS)
        return {**super().example(index, key), "pixels": self.pixels(pixel_key)}

    def pixels(self, key):
        """Draws pixels: from a key, int64 (2,), to int32 (num_pixels, 2)."""
        border = self.size // BORDER
        return tf.random.stateless_uniform(
            [self.num_pixels, 2], key, border, self.size - border, tf.int32
        )

    def sampled_examples(self, source, batch_size=64):
        """Returns `examples` with pixels each, the same pixels at every call.

        Args:
            source: Source, or anything that `open` accepts.
            batch_size: items per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts of images and pixels.
        """
        return with_draws(self, lambda key: {"pixels": self.pixels(key)}, source, batch_size)
