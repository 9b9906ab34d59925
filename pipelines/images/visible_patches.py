"""Image crops with several sets of visible patches each."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.crops import PatchCrops
from mmssl.pipelines.images.drawn_examples import with_draws
from mmssl.pipelines.masks.inverse_blocks import block_count, inverse_blocks
from mmssl.pipelines.masks.visible import check_num_masks, visible_count, visible_set

_SETS = 2  # keeps the draws of the sets independent of those of the crop


class VisiblePatches(PatchCrops):
    """Random crops with several masks each, which leave only a few square blocks visible.

    In addition to images, batches hold visible int32 (B, M, V), masked and noise int32
    (B, M, T - V): see `visible.visible_set`; patches are indexed in row-major order.
    T = (size / patch_size)^2, V = int(T (1 - mask_ratio)).

    Args:
        source: see `PatchCrops`.
        size: see `PatchCrops`.
        batch_size: see `PatchCrops`.
        num_masks: M, sets of visible patches for each crop, 1 or more.
        mask_ratio: R, fraction of the patches to mask, above 0 and below 1.
        block: B, patches along each side of a block that stays visible; 1 gives random patches.
        adjust: A, fraction of the patches to draw in addition to the visible ones, 0 or more, as
            blocks overlap and are clipped at borders; the number is then corrected to V.
        **kwargs: see `PatchCrops`.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 32,
        batch_size: int = 64,
        num_masks: int = 4,
        mask_ratio: float = 0.75,
        block: int = 2,
        adjust: float = 0.1,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        check_num_masks(num_masks)
        if not 1 <= block <= self.grid_size:
            raise ValueError(f"block={block} must lie between 1 and {self.grid_size} patches")
        if adjust < 0:
            raise ValueError(f"adjust={adjust} must be 0 or more")
        self.num_masks = num_masks
        self.block = block
        self._visible = visible_count(self.grid_size**2, mask_ratio)
        self._blocks = block_count(self.grid_size, block, mask_ratio, adjust)

    def sets(self, key):
        """Draws the sets of an image.

        Args:
            key: int64 (2,), the seed.

        Returns:
            dict of int32 tensors: visible (M, V), masked and noise (M, T - V).
        """
        block_key, key_of_set = tf.unstack(tf.random.experimental.stateless_split(key, 2))
        rough = inverse_blocks(self.grid_size, self.block, self._blocks, self.num_masks, block_key)
        return visible_set(rough, self._visible, key_of_set)

    def example(self, index, key):
        set_key = tf.random.experimental.stateless_fold_in(key, _SETS)
        return {**super().example(index, key), **self.sets(set_key)}

    def masked_examples(self, source, batch_size=64):
        """Returns `examples` with their sets, the same at every call.

        Args:
            source: Source, or anything that `open` accepts.
            batch_size: items per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts of images, visible, masked and noise.
        """
        return with_draws(self, self.sets, source, batch_size)
