"""Image crops with blocks of patches to mask, for data2vec."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.augmentation import JITTER_DRAWS, check_jitter, random_color_jitter
from mmssl.pipelines.images.crops import PatchCrops
from mmssl.pipelines.images.resampling import to_columns, to_images
from mmssl.pipelines.masks.blocks import ATTEMPTS, DRAWS, block_masks

_MASK, _JITTER = 1, 2  # keep these draws independent of those of the crop


class BlockMaskedCrops(PatchCrops):
    """Random crops, each with its own mask over its patches.

    In addition to images, which are unmasked, batches hold mask int32 (B, T), 1 for masked
    patches, with the T patches in row-major order. The number of masked patches differs a little
    from row to row: see `block_masks`.

    Args:
        source: see `PatchCrops`.
        size: see `PatchCrops`.
        batch_size: see `PatchCrops`.
        mask_ratio: fraction of the patches to mask, above 0 and below 1.
        min_block: patches of the smallest rectangle, 1 or more.
        jitter: strengths of brightness, contrast, saturation (0 or more) and hue (0 to 0.5); every
            crop is jittered.
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
        num_patches = self.grid_size**2
        self.max_masked = round(mask_ratio * num_patches)
        if not 0 < mask_ratio < 1 or not 1 <= min_block <= self.max_masked < num_patches:
            raise ValueError(
                f"mask_ratio={mask_ratio} of {num_patches} patches must be above 0 and below 1, "
                f"mask at least min_block={min_block}, which must be 1 or more, and leave one "
                "visible"
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

    def finish_batch(self, batch):
        images = batch["images"]
        if any(self.jitter):
            columns = random_color_jitter(to_columns(images), batch["jitter"], self.jitter, 1.0)
            images = to_images(columns)
        mask = block_masks(batch["mask"], self.grid_size, self.max_masked, self.min_block)
        return {"images": images, "mask": mask}
