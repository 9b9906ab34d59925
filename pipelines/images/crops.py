"""Image crops, for pretraining and for a trained encoder."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.decoding import as_pixels, decode_image, to_rgb
from mmssl.pipelines.images.resampling import (
    center_crop,
    crop_and_resize,
    random_crop_box,
    random_flip,
)
from mmssl.pipelines.pipeline import Pipeline
from mmssl.pipelines.sources.extensions import IMAGE_EXTENSIONS


class ImageCrops(Pipeline):
    """Random resized crops, half of them flipped.

    Batches hold images float32 (B, size, size, 3) in [0, 1]. Inputs of a trained encoder have the
    same name: the center square of the whole image, resized.

    Args:
        source: see `Pipeline`; arrays are (H, W) or (H, W, C), uint8, uint16 or floats in [0, 1].
        size: pixels along each side of a crop, 1 or more.
        batch_size: crops per batch.
        scale: smallest and largest fraction of the image's area, above 0, at most 1.
        ratio: smallest and largest aspect ratio, width / height, above 0.
        flip: flip half of the crops left to right.
        **kwargs: see `Pipeline`.
    """

    extensions = IMAGE_EXTENSIONS
    decode_arguments = ()

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
            raise ValueError(f"ratio={ratio} must be above 0 and in ascending order")
        self.size = size
        self.scale = tuple(scale)
        self.ratio = tuple(ratio)
        self.flip = flip

    def decode(self, raw):
        return decode_image(raw) if raw.dtype == tf.string else to_rgb(as_pixels(raw))

    def worth_caching(self, source):
        if source.index is not None:
            return True
        # Arrays are in memory already.
        return source.read(tf.constant(0, tf.int64)).dtype == tf.string

    def example(self, index, key):
        image = self.item(index)
        box_key, flip_key = tf.unstack(tf.random.experimental.stateless_split(key, 2))
        height, width = tf.unstack(tf.shape(image)[:2])
        box = random_crop_box(height, width, box_key, self.scale, self.ratio)
        crop = crop_and_resize(image, box, self.size)
        return {"images": random_flip(crop, flip_key) if self.flip else crop}

    def inputs(self, item, max_length=None):
        return {"images": center_crop(item, self.size)}

    def encoder_arguments(self):
        return {"size": self.size}


def check_scale(name, scale):
    """Raises a ValueError unless the fractions of an image's area ascend from above 0 to 1."""
    if not 0 < scale[0] <= scale[1] <= 1:
        raise ValueError(f"{name}={scale} must be above 0, at most 1 and in ascending order")


class PatchCrops(ImageCrops):
    """`ImageCrops` that divide into whole patches.

    Args:
        source: see `ImageCrops`.
        size: pixels along each side of a crop, a multiple of `patch_size`.
        batch_size: crops per batch.
        patch_size: pixels along each side of a patch; the encoder takes it from here.
        **kwargs: see `ImageCrops`.

    Attributes:
        grid_size: patches along each side of a crop.

    Raises:
        ValueError: when `size` is not a multiple of `patch_size`.
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
        self.grid_size = size // patch_size

    def encoder_arguments(self):
        """Returns the sizes of an image and of its patches."""
        return {**super().encoder_arguments(), "patch_size": self.patch_size}
