"""Image crops as grids of overlapping patches, each changed by itself."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.crops import ImageCrops

_PATCHES = 4  # keeps their draws independent of those of the crop
_GRAY = 0.5  # in place of a color that is dropped


class PatchGrids(ImageCrops):
    """Random crops, cut into overlapping patches.

    In addition to images, batches hold patches float32 (B, G * G, patch_size, patch_size, 3) in
    [0, 1], row by row, with G = (size - patch_size) // stride + 1. Each patch may lose colors or be
    mirrored by itself; the images are as they were before.
    Inputs of a trained encoder are those of `ImageCrops`, whole pictures as they are.

    Args:
        source: see `ImageCrops`.
        size: see `ImageCrops`.
        batch_size: see `ImageCrops`.
        patch_size: pixels along each side of a patch, at most `size`.
        stride: pixels from one patch to the next, 1 or more; half a patch in CPC.
        drop_probability: probability that a patch keeps one color channel alone; the other two
            become 0.5.
        flip_patches: mirror half of the patches left to right.
        **kwargs: see `ImageCrops`.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 32,
        batch_size: int = 64,
        patch_size: int = 8,
        stride: int = 4,
        drop_probability: float = 0.0,
        flip_patches: bool = False,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if not 1 <= patch_size <= size or stride < 1:
            raise ValueError(
                f"patch_size={patch_size} must lie between 1 and size={size}, and stride={stride} "
                "be 1 or more"
            )
        if not 0 <= drop_probability <= 1:
            raise ValueError(f"drop_probability={drop_probability} must lie between 0 and 1")
        self.patch_size = patch_size
        self.stride = stride
        self.drop_probability = drop_probability
        self.flip_patches = flip_patches
        self.grid_size = (size - patch_size) // stride + 1

    def example(self, index, key):
        image = super().example(index, key)["images"]
        patches = self.cut(image)
        patch_key = tf.random.experimental.stateless_fold_in(key, _PATCHES)
        drop_key, kept_key, flip_key = tf.unstack(
            tf.random.experimental.stateless_split(patch_key, 3)
        )
        count = [self.grid_size**2]
        if self.drop_probability:
            dropped = tf.random.stateless_uniform(count, drop_key) < self.drop_probability
            kept = tf.random.stateless_uniform(count, kept_key, 0, 3, tf.int32)
            patches = _without_colors(patches, dropped, kept)
        if self.flip_patches:
            flipped = tf.random.stateless_uniform(count, flip_key) < 0.5
            patches = tf.where(_over(flipped), tf.reverse(patches, [2]), patches)
        return {"images": image, "patches": patches}

    def cut(self, image):
        """Cuts an image (size, size, 3) into patches (G * G, patch_size, patch_size, 3)."""
        starts = self.stride * tf.range(self.grid_size)[:, tf.newaxis]
        pixels = starts + tf.range(self.patch_size)
        rows = tf.gather(image, pixels, axis=0)
        parts = tf.transpose(tf.gather(rows, pixels, axis=2), [0, 2, 1, 3, 4])
        return tf.reshape(parts, [-1, self.patch_size, self.patch_size, 3])

    def encoder_arguments(self):
        sizes = {"patch_size": self.patch_size, "stride": self.stride}
        return {**super().encoder_arguments(), **sizes}


def _without_colors(patches, dropped, kept):
    own = tf.one_hot(kept, 3, on_value=True, off_value=False)[:, tf.newaxis, tf.newaxis]
    return tf.where(_over(dropped) & ~own, _GRAY, patches)


def _over(chosen):
    return tf.reshape(chosen, [-1, 1, 1, 1])
