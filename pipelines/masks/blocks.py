"""Block masks: rectangles of image patches, as BEiT draws them."""

import math

import tensorflow as tf

ATTEMPTS = 100  # rectangles that are tried for an image; more than any needs
DRAWS = 4  # random numbers per rectangle
_PATIENCE = 10  # rejected rectangles in a row after which the mask is left as it is


def block_masks(draws, grid_size, max_masked, min_block, min_aspect=0.3):
    """Masks rectangles until enough patches are masked (Bao, Dong, Wei 2021, arXiv 2106.08254).

    The area of a rectangle is drawn between `min_block` and the number of patches still to mask,
    its aspect ratio, height / width, between `min_aspect` and 1 / `min_aspect`, its position
    uniformly. It is accepted if it is smaller than the image and masks at least one new patch but
    no more than are still to mask. After ten rejections in a row the mask stays below
    `max_masked`: with BEiT's 120 of 196, one mask in three does, by a few patches.

    Args:
        draws: float32 tensor (B, ATTEMPTS, DRAWS), uniform in [0, 1).
        grid_size: patches along each side of the image.
        max_masked: number of patches to mask, below `grid_size` squared.
        min_block: patches of the smallest rectangle.
        min_aspect: smallest height / width, in (0, 1].

    Returns:
        int32 tensor (B, grid_size * grid_size), patches in row-major order, 1 where masked.
    """
    positions, log_aspect = tf.range(grid_size), -math.log(min_aspect)

    def inside(first, length):
        ends = first[:, tf.newaxis] + length[:, tf.newaxis]
        return (positions >= first[:, tf.newaxis]) & (positions < ends)

    def active(masked, failed):
        return (tf.reduce_sum(masked, axis=(1, 2)) < max_masked) & (failed < _PATIENCE)

    def more(attempt, masked, failed):
        return (attempt < ATTEMPTS) & tf.reduce_any(active(masked, failed))

    def attempt_one(attempt, masked, failed):
        size, shape, row, column = tf.unstack(draws[:, attempt], axis=1)
        missing = max_masked - tf.reduce_sum(masked, axis=(1, 2))
        area = min_block + size * tf.cast(missing - min_block, tf.float32)
        ratio = tf.exp((2.0 * shape - 1.0) * log_aspect)
        height = tf.cast(tf.round(tf.sqrt(area * ratio)), tf.int32)
        width = tf.cast(tf.round(tf.sqrt(area / ratio)), tf.int32)
        top = tf.cast(row * tf.cast(grid_size - height + 1, tf.float32), tf.int32)
        left = tf.cast(column * tf.cast(grid_size - width + 1, tf.float32), tf.int32)
        block = inside(top, height)[:, :, tf.newaxis] & inside(left, width)[:, tf.newaxis]
        new = tf.cast(block, tf.int32) * (1 - masked)
        count = tf.reduce_sum(new, axis=(1, 2))
        accepted = (height < grid_size) & (width < grid_size) & (count > 0) & (count <= missing)
        accepted &= active(masked, failed)
        masked += tf.where(accepted[:, tf.newaxis, tf.newaxis], new, 0)
        return attempt + 1, masked, tf.where(accepted, 0, failed + 1)

    rows = tf.shape(draws)[0]
    start = (0, tf.zeros([rows, grid_size, grid_size], tf.int32), tf.zeros([rows], tf.int32))
    _, masked, _ = tf.while_loop(more, attempt_one, start)
    return tf.reshape(masked, [draws.shape[0] or -1, grid_size * grid_size])
