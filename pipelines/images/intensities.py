"""Image crops rounded to a number of intensity levels, which are to be predicted."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.targets import TargetCrops


class IntensityCrops(TargetCrops):
    """Random crops whose values are rounded to a number of levels.

    Batches hold images float32 (B, size, size, 3) in [0, 1], rounded, the first level being 0 and
    the last 1, and intensities int32 (B, size, size, C), the numbers of the levels, C being 1 for
    gray pictures, whose images have three equal channels, else 3. Inputs of a trained encoder are
    those of `ImageCrops`, which it rounds itself.

    Args:
        source: see `TargetCrops`.
        size: see `TargetCrops`.
        batch_size: see `TargetCrops`.
        levels: of intensity, 2 to 256; the encoder takes them from here.
        **kwargs: see `TargetCrops`.

    Raises:
        ValueError: `levels` is out of range.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 28,
        batch_size: int = 64,
        levels: int = 16,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if not 2 <= levels <= 256:
            raise ValueError(f"levels={levels} must be from 2 to 256 levels of intensity")
        self.levels = levels

    def drawn(self, target, key):
        levels = tf.clip_by_value(tf.floor(target * self.levels), 0, self.levels - 1)
        return {"images": levels / (self.levels - 1), "intensities": tf.cast(levels, tf.int32)}

    def element(self, image, key):
        element = super().element(image, key)
        del element["target"]  # intensities are
        return element

    def encoder_arguments(self):
        return {**super().encoder_arguments(), "levels": self.levels}

    def method_arguments(self):
        """Returns none: the encoder tells what is predicted."""
        return {}
