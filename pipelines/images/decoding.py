"""Decoding of image files and arrays of pixels to RGB, inside a graph."""

import io

import numpy as np
import tensorflow as tf
from PIL import Image

IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")

# The transposition that turns an image upright, by the value of the Exif tag.
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode_image(data):
    """Decodes JPEG, PNG, BMP, WebP, or the first frame of a GIF, to RGB.

    Args:
        data: scalar string tensor, the file.

    Returns:
        uint8 tensor (H, W, 3). Grayscale becomes three equal channels; transparent pixels of PNG
        and WebP are blended with white; a JPEG is turned upright according to its Exif
        orientation. The operation fails for a file that cannot be decoded.
    """
    start = tf.strings.substr(data, 0, 64)
    # For a bitmap with a palette, TensorFlow returns the indices.
    bitmap = tf.strings.substr(start, 0, 2) == b"BM"
    return tf.cond(bitmap, lambda: _bitmap(data), lambda: _other(data, start))


def _other(data, start):
    pixels = to_rgb(tf.io.decode_image(data, expand_animations=False))
    # A JPEG's Exif tags come first, or second after JFIF. TensorFlow ignores them.
    exif = tf.strings.regex_full_match(start, r"\C{6}(\C{18})?Exif\C*")
    return tf.cond(exif, lambda: _upright(data, pixels), lambda: pixels)


def _upright(data, pixels):
    turned = tf.numpy_function(_turn, [data, pixels], tf.uint8, stateful=False)
    return tf.ensure_shape(turned, [None, None, 3])


def _turn(data, pixels):
    data = data.item() if isinstance(data, np.ndarray) else data
    try:
        with Image.open(io.BytesIO(data)) as image:
            turn = _TURNS.get(image.getexif().get(_ORIENTATION))
    except Exception:  # the pixels are intact, and broken tags do not matter
        turn = None
    return pixels if turn is None else np.asarray(Image.fromarray(pixels).transpose(turn))


def _bitmap(data):
    pixels = tf.numpy_function(_read_bitmap, [data], tf.uint8, stateful=False)
    return tf.ensure_shape(pixels, [None, None, 3])


def _read_bitmap(data):
    data = data.item() if isinstance(data, np.ndarray) else data  # an array in eager execution
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def as_pixels(array):
    """Converts the array of one image to 8 bits.

    Args:
        array: tensor (H, W) or (H, W, C); uint8, uint16, or float in [0, 1].

    Returns:
        uint8 tensor (H, W, C). The operation fails for floats outside [0, 1].

    Raises:
        ValueError: for another rank or dtype.
    """
    if array.shape.rank not in (2, 3) or not (
        array.dtype.is_floating or array.dtype in (tf.uint8, tf.uint16)
    ):
        raise ValueError(
            f"an image must be an array (H, W) or (H, W, channels) of uint8, uint16, or floats in "
            f"[0, 1]; got {array.dtype.name} of rank {array.shape.rank}"
        )
    array = array if array.shape.rank == 3 else array[..., tf.newaxis]
    if array.dtype == tf.uint16:
        return tf.cast(array // 257, tf.uint8)
    if array.dtype == tf.uint8:
        return array
    inside = tf.reduce_all((array >= 0) & (array <= 1))
    with tf.control_dependencies([tf.Assert(inside, ["it has floats outside [0, 1]"])]):
        return tf.cast(tf.round(array * 255), tf.uint8)


def to_rgb(pixels):
    """Converts grayscale or RGB, with or without alpha, to RGB on white.

    Args:
        pixels: uint8 tensor (H, W, C), C from 1 to 4, and H and W above 0.

    Returns:
        uint8 tensor (H, W, 3).
    """
    channels = tf.shape(pixels)[-1]
    known = tf.Assert((channels >= 1) & (channels <= 4), ["it has channels:", channels])
    filled = tf.Assert(tf.size(pixels) > 0, ["it has no pixels"])
    with tf.control_dependencies([known, filled]):
        # Most images have three channels already, and gathering them would take milliseconds.
        rgb = tf.cond(channels == 3, lambda: pixels, lambda: _three(pixels, channels))
    return tf.ensure_shape(rgb, [None, None, 3])


def _three(pixels, channels):
    opaque = tf.cond(channels % 2 == 0, lambda: _on_white(pixels), lambda: pixels)
    # Clamped channel indices repeat the single channel of a grayscale image.
    return tf.gather(opaque, tf.minimum(tf.range(3), tf.shape(opaque)[-1] - 1), axis=-1)


def _on_white(pixels):
    color = tf.cast(pixels[..., :-1], tf.float32)
    alpha = tf.cast(pixels[..., -1:], tf.float32) / 255.0
    return tf.cast(tf.round(color * alpha + 255.0 * (1.0 - alpha)), tf.uint8)
