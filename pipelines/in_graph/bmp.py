"""Decoding of uncompressed bitmaps in TensorFlow, whose own decoder knows no palettes."""

import tensorflow as tf

from mmssl.pipelines.images.decoding import check_size
from mmssl.pipelines.in_graph.octets import number, part

_READABLE = "BMP of 8, 24 or 32 bits a pixel, uncompressed"
_HEADER = 14  # bytes before the part of the header that says its own size
_SMALLEST = 40  # bytes of that part


def decode_bmp(data, most):
    """Decodes a bitmap.

    Args:
        data: scalar string tensor, the file.
        most: pixels above which the operation fails.

    Returns:
        uint8 tensor (H, W, 3).
    """
    pixels, header = number(data, 10, 4), number(data, _HEADER, 4)
    width, height = _signed(number(data, 18, 4)), _signed(number(data, 22, 4))
    bits, compression = number(data, 28, 2), number(data, 30, 4)
    known = (bits == 8) | (bits == 24) | (bits == 32)
    checks = [
        tf.Assert(
            (header >= _SMALLEST) & known & (compression == 0),
            [
                f"it cannot be decoded here: send {_READABLE}. Its bits and compression:",
                bits,
                compression,
            ],
        ),
        tf.Assert((width > 0) & (height != 0), ["it has no pixels"]),
        check_size(tf.stack([tf.abs(height), width]), most),
    ]
    with tf.control_dependencies(checks):
        rows, channels = tf.abs(height), bits // 8
        stride = (width * channels + 3) // 4 * 4
        raw = part(data, pixels, stride * rows)
    there = tf.cast(tf.strings.length(raw), tf.int64) == stride * rows
    with tf.control_dependencies([tf.Assert(there, ["it is truncated"])]):
        stored = tf.reshape(tf.io.decode_raw(raw, tf.uint8), tf.stack([rows, stride]))
    stored = tf.reshape(stored[:, : width * channels], tf.stack([rows, width, channels]))
    colors = tf.cond(
        bits == 8, lambda: _of_palette(data, stored, header), lambda: stored[..., :3][..., ::-1]
    )
    return tf.cond(height > 0, lambda: tf.reverse(colors, [0]), lambda: colors)


def _of_palette(data, stored, header):
    count = number(data, 46, 4)
    count = tf.where((count > 0) & (count <= 256), count, 256)
    raw = tf.strings.join([part(data, _HEADER + header, 4 * count), bytes(1024)])
    palette = tf.reshape(tf.io.decode_raw(tf.strings.substr(raw, 0, 1024), tf.uint8), [256, 4])
    return tf.gather(palette[:, 2::-1], tf.cast(stored[..., 0], tf.int32))


def _signed(unsigned):
    return tf.where(unsigned >= 2**31, unsigned - 2**32, unsigned)
