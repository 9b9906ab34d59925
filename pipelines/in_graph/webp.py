"""Decoding of still WebP in TensorFlow, whose decoder corrupts memory on an animated one.

The decoder gets a file that is written anew around the picture alone, whatever the header says.
"""

import tensorflow as tf

from mmssl.pipelines.images.decoding import check_size, to_rgb
from mmssl.pipelines.in_graph.octets import MOST_PARTS, length, number, part, text_at

_LOSSY, _LOSSLESS, _ALPHA = b"VP8 ", b"VP8L", b"ALPH"
_HAS_ALPHA = b"\x10\0\0\0"
_START, _MAGIC = 12, 8  # bytes of the header of the file, and of a chunk


def decode_webp(data, most):
    """Decodes a WebP that is not animated.

    Args:
        data: scalar string tensor, the file.
        most: pixels above which the operation fails.

    Returns:
        uint8 tensor (H, W, 3), as it is stored, transparent pixels blended with white.
    """
    picture, alpha = _find_picture(data)
    lossless = text_at(data, picture, 4) == _LOSSLESS
    width, height = _dimensions(data, picture + _MAGIC, lossless)
    checks = [
        tf.Assert((width > 0) & (height > 0), ["it has no pixels"]),
        check_size(tf.stack([height, width]), most),
    ]
    with tf.control_dependencies(checks):
        chunk = _chunk(data, picture)
    opaque = lossless | (alpha < 0)
    single = tf.cond(
        opaque,
        lambda: _file(chunk),
        lambda: _file(tf.strings.join([_canvas(width, height), _chunk(data, alpha), chunk])),
    )
    return to_rgb(tf.io.decode_image(single, expand_animations=False))


def _find_picture(data):
    """Returns where the chunks of the picture and of its transparency begin; -1 for none."""

    def following(at, picture, alpha, animated):
        name, size = text_at(data, at, 4), number(data, at + 4, 4)
        is_picture = (name == _LOSSY) | (name == _LOSSLESS)
        return (
            at + _MAGIC + size + size % 2,
            tf.where(is_picture & (picture < 0), at, picture),
            tf.where((name == _ALPHA) & (alpha < 0), at, alpha),
            animated | (name == b"ANIM") | (name == b"ANMF"),
        )

    nowhere = tf.constant(-1, tf.int64)
    _, picture, alpha, animated = tf.while_loop(
        lambda at, *_: at + _MAGIC <= length(data),
        following,
        (tf.constant(_START, tf.int64), nowhere, nowhere, tf.constant(False)),
        maximum_iterations=MOST_PARTS,
    )
    checks = [
        tf.Assert(~animated, ["it is animated: send one picture, as JPEG, PNG, BMP, GIF or WebP"]),
        tf.Assert(picture >= 0, ["it is damaged: it has no picture"]),
    ]
    with tf.control_dependencies(checks):
        return tf.identity(picture), alpha


def _dimensions(data, start, lossless):
    packed = number(data, start + 1, 4)
    high = packed // 2**14
    width = tf.where(lossless, packed % 2**14 + 1, number(data, start + 6, 2) % 2**14)
    height = tf.where(lossless, high % 2**14 + 1, number(data, start + 8, 2) % 2**14)
    return width, height


def _chunk(data, at):
    size = number(data, at + 4, 4)
    return part(data, at, _MAGIC + size + size % 2)


def _canvas(width, height):
    """Returns the chunk that announces transparency, and nothing else."""
    sizes = [_little_endian(width - 1, 3), _little_endian(height - 1, 3)]
    return tf.strings.join([b"VP8X", _fixed(10), _HAS_ALPHA, *sizes])


def _file(chunks):
    size = _little_endian(tf.cast(tf.strings.length(chunks), tf.int64) + 4, 4)
    return tf.strings.join([b"RIFF", size, b"WEBP", chunks])


def _fixed(size):
    return size.to_bytes(4, "little")


def _little_endian(value, count):
    """Returns an int64 scalar as a string of so many bytes."""
    digits = [tf.cast(value // 256**place % 256, tf.int32) for place in range(count)]
    table = tf.constant([bytes([octet]) for octet in range(256)])
    return tf.strings.join([table[digit] for digit in digits])
