"""Corrupted image crops, for denoising autoencoders."""

from typing import Any

from mmssl.pipelines.images.targets import TargetCrops
from mmssl.pipelines.masks.corruption import Corruption, check_corruption, corrupt


class CorruptedCrops(TargetCrops):
    """`TargetCrops` whose images are corrupted, while the target is clean.

    In addition batches hold corrupted float32 (B, size, size, C), 1 for the values that were
    chosen, see `mmssl.pipelines.masks.corruption.corrupt`. Gray pictures are corrupted once, alike
    in all three channels.

    Args:
        source: see `TargetCrops`.
        size: see `TargetCrops`.
        batch_size: see `TargetCrops`.
        corruption: `gaussian`, `masking`, `salt_and_pepper` or `none`.
        amount: standard deviation of Gaussian noise; else the share of values, 0 to 1.
        exact: corrupt exactly that share of a picture's values; else each value by itself.
        **kwargs: see `TargetCrops`.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 28,
        batch_size: int = 64,
        corruption: Corruption = "masking",
        amount: float = 0.25,
        exact: bool = False,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        check_corruption(corruption, amount)
        self.corruption = corruption
        self.amount = amount
        self.exact = exact

    def drawn(self, target, key):
        images, chosen = corrupt(target, self.corruption, self.amount, key, self.exact)
        return {"images": images, "corrupted": chosen}
