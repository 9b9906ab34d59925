"""Image crops with pixels to hide, for image GPT."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.crops import ImageCrops
from mmssl.pipelines.images.drawn_examples import with_draws
from mmssl.pipelines.masks.ratio import check_mask_ratio

_MASK = 1  # keeps the draws of the mask independent of those of the crop


class MaskedPixels(ImageCrops):
    """Random crops, each with a mask over its pixels.

    In addition to images, which are whole, batches hold mask int32 (B, size * size), 1 for hidden
    pixels, row by row. Each is hidden with the same probability, whatever the others are; where
    none would be, one is.

    Args:
        source: see `ImageCrops`.
        size: see `ImageCrops`.
        batch_size: see `ImageCrops`.
        mask_ratio: probability of a pixel to be hidden, above 0 and below 1.
        **kwargs: see `ImageCrops`.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 32,
        batch_size: int = 64,
        mask_ratio: float = 0.15,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        check_mask_ratio(mask_ratio)
        self.mask_ratio = mask_ratio

    def mask(self, key):
        """Draws the hidden pixels of a picture.

        Args:
            key: int64 (2,), the seed.

        Returns:
            dict of mask int32 (size * size,).
        """
        draws = tf.random.stateless_uniform([self.size**2], key)
        # The smallest draw is below the threshold in any case, so that one pixel is hidden.
        hidden = draws <= tf.maximum(self.mask_ratio, tf.reduce_min(draws))
        return {"mask": tf.cast(hidden, tf.int32)}

    def example(self, index, key):
        mask_key = tf.random.experimental.stateless_fold_in(key, _MASK)
        return {**super().example(index, key), **self.mask(mask_key)}

    def masked_examples(self, source, batch_size=64):
        """Returns `examples` with their masks, the same at every call.

        Args:
            source: Source, or anything that `open` accepts.
            batch_size: items per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts of images and mask.
        """
        return with_draws(self, self.mask, source, batch_size)
