"""What prepared shards hold of a picture: the file as it is, a smaller JPEG, or its pixels."""

import functools
import io

import numpy as np
import tensorflow as tf
from PIL import Image

from mmssl.pipelines.images.decoding import as_pixels, decode_image, to_rgb


def as_it_is(raw):
    """Returns a picture unchanged, once it has been decoded.

    Args:
        raw: bytes of a file, or an array of pixels.

    Raises:
        tf.errors.OpError: it cannot be read; the message is the reason.
    """
    as_decoded(raw)
    return raw


def as_decoded(raw):
    """Returns the pixels of a picture, uint8 (H, W, 3), as recipes see them."""
    if isinstance(raw, bytes):
        return _decoder()(tf.constant(raw)).numpy()
    return to_rgb(as_pixels(tf.constant(raw))).numpy()


def as_jpeg(quality, short_side=None):
    """Returns a function from a picture to a JPEG of its pixels.

    Args:
        quality: int, 1 to 100.
        short_side: int, pixels that the shorter side is scaled down to; None keeps the size.
    """

    def encode(raw):
        image = Image.fromarray(_smaller(as_decoded(raw), short_side))
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return file.getvalue()

    return encode


def as_pixels_of(short_side=None):
    """Returns a function from a picture to its pixels, uint8 (H, W, 3); see `as_jpeg`."""
    return lambda raw: _smaller(as_decoded(raw), short_side)


def _smaller(pixels, short_side):
    height, width = pixels.shape[:2]
    if short_side is None or min(height, width) <= short_side:
        return pixels
    scale = short_side / min(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


@functools.cache
def _decoder():
    return tf.function(decode_image, [tf.TensorSpec([], tf.string)], autograph=False)
