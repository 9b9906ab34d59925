"""Inverse block masks: squares of a grid that stay visible while all else is hidden."""

import tensorflow as tf


def inverse_blocks(grid, block, seeds, masks, key):
    """Draws squares that stay visible, as data2vec 2.0 does for pictures.

    Seeds are drawn uniformly, with replacement. The square around a seed ends at the border, so
    there it is smaller, and squares may overlap: the number of visible places varies (see
    `visible_sets.visible_set`).

    Args:
        grid: places along each side.
        block: B, places along each side of a square; an even one reaches one place further up and
            left of its seed than down and right.
        seeds: number of squares of a mask, 0 or more.
        masks: M, number of masks.
        key: int (2,), the seed.

    Returns:
        bool tensor (M, grid * grid), True where visible, places in reading order.

    Reference:
        Baevski, Babu, Hsu, Auli 2022, arXiv 2212.07525, section 3.2.
    """
    centers = tf.random.stateless_uniform([masks, seeds, 2, 1], key, 0, grid, tf.int32)
    first, place = centers - block // 2, tf.range(grid)
    inside = (place >= first) & (place < first + block)
    squares = inside[:, :, 0, :, None] & inside[:, :, 1, None, :]
    return tf.reshape(tf.reduce_any(squares, axis=1), [masks, grid * grid])


def seed_count(grid, block, mask_ratio, adjust):
    """Tells how many squares show about the wanted share: int(L (1 - R + A) / B^2).

    Args:
        grid: places along each side; L is its square.
        block: B, places along each side of a square.
        mask_ratio: R, share to hide.
        adjust: A, share to show beyond, for what overlaps and borders take away.

    Returns:
        int.
    """
    return int(grid**2 * (1.0 - mask_ratio + adjust) / block**2 + 1e-6)
