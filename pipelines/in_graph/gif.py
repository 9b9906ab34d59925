"""Decoding of the first frame of a GIF in TensorFlow, which would decode all of them."""

import tensorflow as tf

from mmssl.pipelines.images.decoding import check_size
from mmssl.pipelines.in_graph.octets import MOST_PARTS, length, number, part

_SCREEN = 13  # bytes of the header
_IMAGE, _EXTENSION, _CONTROL, _END = 0x2C, 0x21, 0xF9, b";"
_DESCRIPTOR = 10  # bytes of what an image begins with
_MOST_BLOCKS = 2**17  # of 255 bytes
_WHITE = b"\xff\xff\xff"


def decode_gif(data, most):
    """Decodes the first frame of a GIF.

    Args:
        data: scalar string tensor, the file.
        most: pixels above which the operation fails.

    Returns:
        uint8 tensor (H, W, 3), transparent pixels white.
    """
    width, height = number(data, 6, 2), number(data, 8, 2)
    with tf.control_dependencies([check_size(tf.stack([height, width]), most)]):
        octets = tf.io.decode_raw(data, tf.uint8)
    image, control = _find_image(data, octets)
    fills = tf.reduce_all(
        [
            number(data, image + 1, 4) == 0,
            number(data, image + 5, 2) == width,
            number(data, image + 7, 2) == height,
        ]
    )
    whole = tf.Assert(fills, ["its first frame does not fill it: send PNG"])
    with tf.control_dependencies([whole]):
        table = _table_size(number(data, image + 9, 1))
    end = _behind_blocks(octets, image + _DESCRIPTOR + table + 1)
    single = tf.strings.join([part(data, 0, end), _END])
    palette = tf.where(table > 0, image + _DESCRIPTOR, _SCREEN)
    return tf.io.decode_gif(_on_white(single, control, palette))[0]


def _find_image(data, octets):
    """Returns where the first image begins, and where what says its transparent color; or -1."""

    def following(at, control):
        name, label = number(data, at, 1), number(data, at + 1, 1)
        with tf.control_dependencies([tf.Assert(name == _EXTENSION, ["it is damaged: no frame"])]):
            control = tf.where(label == _CONTROL, at, control)
        return _behind_blocks(octets, at + 2), control

    begin = _SCREEN + _table_size(number(data, 10, 1))
    at, control = tf.while_loop(
        lambda at, _: (at < length(data)) & (number(data, at, 1) != _IMAGE),
        following,
        (begin, tf.constant(-1, tf.int64)),
        maximum_iterations=MOST_PARTS,
    )
    with tf.control_dependencies([tf.Assert(at < length(data), ["it has no frame"])]):
        return tf.identity(at), control


def _behind_blocks(octets, at):
    """Returns what follows a chain of blocks, each behind its size, the last of size zero."""
    size = tf.size(octets, tf.int64)

    def following(at, _):
        block = tf.cast(octets[at], tf.int64)
        return at + 1 + block, block > 0

    return tf.while_loop(
        lambda at, more: more & (at < size),
        following,
        (at, tf.constant(True)),
        maximum_iterations=_MOST_BLOCKS,
    )[0]


def _on_white(single, control, palette):
    """Makes the transparent color of a file white, and says that none is transparent."""
    flags, index = number(single, control + 3, 1), number(single, control + 6, 1)
    transparent = (control >= 0) & (flags % 2 == 1)

    white = _replaced(_replaced(single, palette + 3 * index, _WHITE), control + 3, b"\0")
    return tf.where(transparent, white, single)


def _replaced(text, at, new):
    return tf.strings.join([part(text, 0, at), new, part(text, at + len(new), length(text))])


def _table_size(flags):
    return tf.where(flags >= 128, 3 * 2 ** (flags % 8 + 1), 0)
