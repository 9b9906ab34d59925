"""Crops of pictures, for pretraining and for a trained encoder."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.decoding import PICTURE_FILES, as_pixels, decode_picture, to_rgb
from mmssl.pipelines.images.resampling import center_square, random_box, random_flip, resized
from mmssl.pipelines.pipeline import Pipeline


class ImageCrops(Pipeline):
    """Random resized crops, mirrored half the time.

    Batches hold images float32 (B, size, size, 3) in [0, 1]. Inputs of a trained encoder have the
    same name: the centered square of the whole picture, resized.

    Args:
        source: see `Pipeline`; arrays are (H, W) or (H, W, C), uint8 or floats in [0, 1].
        size: pixels of each side of a crop, 1 or more.
        batch_size: crops a batch.
        scale: smallest and largest share of the picture's area, above 0, at most 1.
        ratio: smallest and largest width / height, above 0.
        flip: mirror half of the crops left to right.
        **kwargs: see `Pipeline`.
    """

    extensions = PICTURE_FILES

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 64,
        batch_size: int = 64,
        scale: tuple[float, float] = (0.2, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        flip: bool = True,
        **kwargs,
    ):
        super().__init__(source, batch_size, **kwargs)
        if size < 1:
            raise ValueError(f"size={size} must be 1 or more pixels")
        check_scale("scale", scale)
        if not 0 < ratio[0] <= ratio[1]:
            raise ValueError(f"ratio={ratio} must rise, above 0")
        self.size = size
        self.scale = tuple(scale)
        self.ratio = tuple(ratio)
        self.flip = flip

    def decode(self, raw):
        return decode_picture(raw) if raw.dtype == tf.string else to_rgb(as_pixels(raw))

    def gains_by_cache(self, source):
        # Arrays are in memory as they are.
        return source.read(tf.constant(0, tf.int64)).dtype == tf.string

    def example(self, index, key):
        image = self.item(index)
        box_key, flip_key = tf.unstack(tf.random.experimental.stateless_split(key, 2))
        height, width = tf.unstack(tf.shape(image)[:2])
        box = random_box(height, width, box_key, self.scale, self.ratio)
        crop = resized(image, box, self.size)
        return {"images": random_flip(crop, flip_key) if self.flip else crop}

    def inputs(self, item, max_length=None):
        return {"images": center_square(item, self.size)}

    def encoder_arguments(self):
        return {"size": self.size}


def check_scale(name, scale):
    """Refuses shares of a picture's area that do not rise, above 0 and up to 1."""
    if not 0 < scale[0] <= scale[1] <= 1:
        raise ValueError(f"{name}={scale} must rise, above 0 and up to 1")


class PatchCrops(ImageCrops):
    """`ImageCrops` that fall into whole patches.

    Args:
        source: see `ImageCrops`.
        size: pixels of each side of a crop, a multiple of `patch_size`.
        batch_size: crops a batch.
        patch_size: pixels of each side of a patch; the encoder takes it from here.
        **kwargs: see `ImageCrops`.

    Attributes:
        side: patches along each side of a crop.

    Raises:
        ValueError: patches do not fill a crop.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 32,
        batch_size: int = 64,
        patch_size: int = 4,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if patch_size < 1 or size % patch_size:
            raise ValueError(f"size={size} must be a multiple of patch_size={patch_size} pixels")
        self.patch_size = patch_size
        self.side = size // patch_size

    def encoder_arguments(self):
        """Returns the sizes of a picture and of its patches."""
        return {**super().encoder_arguments(), "patch_size": self.patch_size}
