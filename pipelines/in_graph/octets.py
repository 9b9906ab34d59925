"""Numbers in the headers of encoded files, read in TensorFlow; beyond the end of a file are zeros.

A header may say anything: what it says is checked before it is used as a size or a position.
"""

import tensorflow as tf

# Parts of a file that are looked at one by one: a file of millions of empty ones takes no longer.
MOST_PARTS = 10_000


def octets(data, at, count):
    """Returns bytes of a file.

    Args:
        data: scalar string tensor, the file.
        at: int64 scalar, position of the first, of any value.
        count: int, number of bytes.

    Returns:
        uint8 tensor (count,).
    """
    return tf.ensure_shape(tf.io.decode_raw(text_at(data, at, count), tf.uint8), [count])


def text_at(data, at, count):
    """Returns the same bytes as a scalar string tensor."""
    size = tf.strings.length(data)
    inside = tf.cast(tf.clip_by_value(as_position(at), 0, tf.cast(size, tf.int64)), tf.int32)
    found = tf.strings.join([tf.strings.substr(data, inside, count), bytes(count)])
    return tf.strings.substr(found, 0, count)


def number(data, at, size, big_endian=False):
    """Returns the unsigned integer at a position.

    Args:
        data: scalar string tensor, the file.
        at: int64 scalar, position of its first byte, of any value.
        size: int, number of its bytes, up to 7.
        big_endian: bool, or bool scalar tensor.

    Returns:
        int64 scalar tensor.
    """
    digits = tf.cast(octets(data, at, size), tf.int64)
    places = 256 ** tf.range(size, dtype=tf.int64)
    return tf.reduce_sum(tf.where(big_endian, digits[::-1], digits) * places)


def length(data):
    """Returns the number of bytes of a file, an int64 scalar tensor."""
    return tf.cast(tf.strings.length(data), tf.int64)


def as_position(at):
    """Returns an int or an integer tensor as an int64 tensor."""
    return tf.cast(at, tf.int64)


def part(data, start, size):
    """Returns bytes from a position on, as many as there are of `size`; both are int64 scalars."""
    start = tf.clip_by_value(as_position(start), 0, length(data))
    size = tf.clip_by_value(as_position(size), 0, length(data) - start)
    return tf.strings.substr(data, tf.cast(start, tf.int32), tf.cast(size, tf.int32))
