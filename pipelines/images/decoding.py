"""Decoding of image files and arrays of pixels to RGB, inside a graph."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.images.pillow import MAX_PIXELS, read_image, turn_upright

# What a file contains if its orientation is stated, in Exif or XMP, wherever that stands.
_JPEG_TAGS = (r"Exif\x00\x00", "tiff:Orientation")
_PNG_TAGS = ("eXIf", "Raw profile type", "XML:com.adobe.xmp")


def decode_image(data):
    """Decodes JPEG, PNG, BMP, or the first frame or page of a GIF, WebP or TIFF, to RGB.

    TensorFlow decodes JPEG and PNG, and Pillow the rest: TensorFlow corrupts memory on animated
    WebP, returns the palette's indices of a bitmap, and does not read TIFF.

    Args:
        data: scalar string tensor, the file.

    Returns:
        uint8 tensor (H, W, 3). Grayscale becomes three equal channels, of 16 bits the upper 8 are
        kept, transparent pixels are blended with white, and a photo is turned upright according to
        its orientation in Exif or XMP. The operation fails for a file that cannot be decoded, or
        with more than `MAX_PIXELS` pixels.
    """
    start = tf.strings.substr(data, 0, 8)
    return tf.cond(
        tf.strings.substr(start, 0, 3) == b"\xff\xd8\xff",
        lambda: _upright(data, stored_jpeg(data), _JPEG_TAGS),
        lambda: tf.cond(
            start == b"\x89PNG\r\n\x1a\n",
            lambda: _upright(data, stored_png(data), _PNG_TAGS),
            lambda: _in_python(read_image, data),
        ),
    )


def stored_jpeg(data, most=MAX_PIXELS):
    """Decodes a JPEG as it is stored, whatever its orientation.

    Args:
        data: scalar string tensor, the file.
        most: pixels above which the operation fails, before it allocates them.

    Returns:
        uint8 tensor (H, W, 3).
    """
    size = tf.image.extract_jpeg_shape(data, tf.int64)[:2]
    with tf.control_dependencies([check_size(size, most)]):
        return tf.io.decode_jpeg(data, channels=3)


def stored_png(data, most=MAX_PIXELS):
    """Decodes a PNG as it is stored; arguments and result are those of `stored_jpeg`."""
    # A file shorter than its header fails later.
    padded = tf.strings.join([tf.strings.substr(data, 0, 24), bytes(24)])
    size = tf.io.decode_raw(tf.strings.substr(padded, 16, 8), tf.int32, little_endian=False)
    with tf.control_dependencies([check_size(tf.cast(size, tf.int64), most)]):
        return to_rgb(tf.io.decode_png(data))


def check_size(size, most):
    """Returns an operation that fails for a height and width, int64 (2,), of too many pixels."""
    few = tf.reduce_prod(size) <= most
    return tf.Assert(few, [f"it has more than {most} pixels, the limit:", size])


def _upright(data, pixels, tags):
    # One by one, as literal patterns, they are found many times faster than as alternatives.
    found = [
        tf.strings.length(tf.strings.regex_replace(data, tag, "", replace_global=False))
        < tf.strings.length(data)
        for tag in tags
    ]
    return tf.cond(
        tf.reduce_any(tf.stack(found)),
        lambda: _in_python(turn_upright, data, pixels),
        lambda: pixels,
    )


def _in_python(function, data, *pixels):
    def call(data, *pixels):
        # An array in eager execution.
        return function(data.item() if isinstance(data, np.ndarray) else data, *pixels)

    decoded = tf.numpy_function(call, [data, *pixels], tf.uint8, stateful=False)
    return tf.ensure_shape(decoded, [None, None, 3])


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
    # Not tf.Assert, whose branch takes as long as reading a small picture from a shard.
    filled = tf.raw_ops.Assert(condition=tf.size(pixels) > 0, data=["it has no pixels"])
    if pixels.shape[-1] == 3:
        with tf.control_dependencies([filled]):
            return tf.ensure_shape(tf.identity(pixels), [None, None, 3])
    channels = tf.shape(pixels)[-1]
    known = tf.Assert((channels >= 1) & (channels <= 4), ["it has channels:", channels])
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
