"""Which patches of a picture are masked: rectangles, as BEiT draws them."""

import math

import tensorflow as tf

ATTEMPTS = 100  # rectangles that are tried for a picture; more than any needs
DRAWS = 4  # numbers that one takes
_PATIENCE = 10  # rectangles in a row that do not fit, after which a picture has its mask


def block_masks(draws, side, most, least, aspect=0.3):
    """Masks patches by rectangles until there are enough (Bao, Dong, Wei 2021, arXiv 2106.08254).

    A rectangle's area is drawn between `least` and what is still missing, its height by its width
    between `aspect` and 1 / `aspect`, its place anywhere. It is taken if it is smaller than the
    picture and masks at least one new patch and no more than are missing. After ten in a row that
    are not, the mask stays short of `most`: one in three of BEiT's 120 of 196 is, by a few.

    Args:
        draws: float32 tensor (B, ATTEMPTS, DRAWS), uniform in [0, 1).
        side: patches along each side of the picture.
        most: patches to mask, below `side` squared.
        least: patches of the smallest rectangle.
        aspect: least height by width, in (0, 1].

    Returns:
        int32 tensor (B, side * side) in reading order, 1 where masked.
    """
    places, reach = tf.range(side), -math.log(aspect)

    def inside(first, length):
        ends = first[:, tf.newaxis] + length[:, tf.newaxis]
        return (places >= first[:, tf.newaxis]) & (places < ends)

    def active(masked, failed):
        return (tf.reduce_sum(masked, axis=(1, 2)) < most) & (failed < _PATIENCE)

    def more(attempt, masked, failed):
        return (attempt < ATTEMPTS) & tf.reduce_any(active(masked, failed))

    def attempt_one(attempt, masked, failed):
        size, shape, row, column = tf.unstack(draws[:, attempt], axis=1)
        missing = most - tf.reduce_sum(masked, axis=(1, 2))
        area = least + size * tf.cast(missing - least, tf.float32)
        ratio = tf.exp((2.0 * shape - 1.0) * reach)
        height = tf.cast(tf.round(tf.sqrt(area * ratio)), tf.int32)
        width = tf.cast(tf.round(tf.sqrt(area / ratio)), tf.int32)
        top = tf.cast(row * tf.cast(side - height + 1, tf.float32), tf.int32)
        left = tf.cast(column * tf.cast(side - width + 1, tf.float32), tf.int32)
        block = inside(top, height)[:, :, tf.newaxis] & inside(left, width)[:, tf.newaxis]
        new = tf.cast(block, tf.int32) * (1 - masked)
        count = tf.reduce_sum(new, axis=(1, 2))
        taken = (height < side) & (width < side) & (count > 0) & (count <= missing)
        taken &= active(masked, failed)
        masked += tf.where(taken[:, tf.newaxis, tf.newaxis], new, 0)
        return attempt + 1, masked, tf.where(taken, 0, failed + 1)

    rows = tf.shape(draws)[0]
    start = (0, tf.zeros([rows, side, side], tf.int32), tf.zeros([rows], tf.int32))
    _, masked, _ = tf.while_loop(more, attempt_one, start)
    return tf.reshape(masked, [draws.shape[0] or -1, side * side])
