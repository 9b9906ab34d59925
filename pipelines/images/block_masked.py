"""Crops of pictures with blocks of patches to mask, for data2vec."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.augmentation import JITTER_DRAWS, check_jitter, random_jitter
from mmssl.pipelines.images.crops import PatchCrops
from mmssl.pipelines.images.resampling import to_columns, to_images
from mmssl.pipelines.masks.blocks import ATTEMPTS, DRAWS, block_masks

_MASK, _JITTER = 1, 2  # keep these draws apart from those of the crop


class BlockMaskedCrops(PatchCrops):
    """Random crops, each with a mask of its own over its patches.

    Batches hold, beside images, which are whole, mask int32 (B, T), 1 for masked patches, T the
    patches in reading order. Rows differ a little in how many: see `block_masks`.

    Args:
        source: see `PatchCrops`.
        size: see `PatchCrops`.
        batch_size: see `PatchCrops`.
        mask_ratio: share of the patches to mask, above 0 and below 1.
        min_block: patches of the smallest rectangle, 1 or more.
        jitter: strengths of brightness, contrast, saturation (0 or more) and hue (0 to 0.5), for
            every crop.
        **kwargs: see `PatchCrops`.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 32,
        batch_size: int = 128,
        mask_ratio: float = 0.6,
        min_block: int = 4,
        jitter: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        self.most = round(mask_ratio * self.side**2)
        if not 0 < mask_ratio < 1 or not 1 <= min_block <= self.most < self.side**2:
            raise ValueError(
                f"mask_ratio={mask_ratio} of {self.side**2} patches, between 0 and 1, must leave "
                f"one visible and mask min_block={min_block} or more, which is 1 at least"
            )
        check_jitter(jitter)
        self.mask_ratio = mask_ratio
        self.min_block = min_block
        self.jitter = tuple(jitter)

    def example(self, index, key):
        draws = {
            name: tf.random.stateless_uniform(
                shape, tf.random.experimental.stateless_fold_in(key, number)
            )
            for name, shape, number in (
                ("mask", [ATTEMPTS, DRAWS], _MASK),
                ("jitter", [JITTER_DRAWS], _JITTER),
            )
        }
        return {**super().example(index, key), **draws}

    def finished(self, batch):
        images = batch["images"]
        if any(self.jitter):
            columns = random_jitter(to_columns(images), batch["jitter"], self.jitter, 1.0)
            images = to_images(columns)
        mask = block_masks(batch["mask"], self.side, self.most, self.min_block)
        return {"images": images, "mask": mask}
