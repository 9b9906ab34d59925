"""Image crops with a region to mask, for inpainting."""

from typing import Any, Literal

import tensorflow as tf

from mmssl.pipelines.images.crops import ImageCrops
from mmssl.pipelines.images.drawn_examples import with_draws
from mmssl.pipelines.masks.regions import block_mask, center_mask, random_region_mask

_MASK = 1  # keeps the draws of the mask independent of those of the crop


class RegionMaskedCrops(ImageCrops):
    """Random crops, each with its own mask of a region to inpaint.

    In addition to images, which are unmasked, batches hold mask float32 (B, size, size, 1), 1
    where masked:

    - `center`: the center square of half the side, less `overlap` pixels on each side;
    - `block`: four squares of a quarter of the side, anywhere, which may overlap;
    - `random`: blobs of any shape, 20 to 30 % of the pixels.

    An image with a side of less than `size / 2` pixels is smaller than the region to mask and
    counts as unreadable.

    Args:
        source: see `ImageCrops`.
        size: pixels along each side of a crop, a multiple of 4.
        batch_size: see `ImageCrops`.
        region: `center`, `block` or `random`.
        overlap: pixels of the center square that stay visible along its edges, from 0 to below
            `size / 4`; only for `center`.
        **kwargs: see `ImageCrops`.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 64,
        batch_size: int = 64,
        region: Literal["center", "block", "random"] = "center",
        overlap: int = 0,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if size % 4:
            raise ValueError(f"size={size} must be a multiple of 4, so that it has a center square")
        if not 0 <= overlap < size // 4:
            raise ValueError(f"overlap={overlap} must lie between 0 and {size // 4 - 1} pixels")
        if overlap and region != "center":
            raise ValueError(f"overlap={overlap} applies to region='center', not to {region!r}")
        self.region = region
        self.overlap = overlap

    def decode(self, raw):
        image, least = super().decode(raw), self.size // 2
        shape = tf.shape(image)[:2]
        fits = tf.Assert(
            tf.reduce_min(shape) >= least,
            [f"it is smaller than the region to mask, {least} x {least} pixels, with", shape],
        )
        with tf.control_dependencies([fits]):
            return tf.identity(image)

    def mask(self, key):
        """Draws a mask.

        Args:
            key: int64 (2,), the seed.

        Returns:
            float32 tensor (size, size, 1), 1 where masked.
        """
        if self.region == "center":
            return center_mask(self.size, self.overlap)
        draw = block_mask if self.region == "block" else random_region_mask
        return draw(self.size, key)

    def example(self, index, key):
        mask_key = tf.random.experimental.stateless_fold_in(key, _MASK)
        return {**super().example(index, key), "mask": self.mask(mask_key)}

    def masked_examples(self, source, batch_size=64):
        """Returns `examples` with a mask each, the same masks at every call.

        Args:
            source: Source, or anything that `open` accepts.
            batch_size: items per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts of images and mask.
        """
        return with_draws(self, lambda key: {"mask": self.mask(key)}, source, batch_size)

    def method_arguments(self):
        return {**super().method_arguments(), "region": self.region}
