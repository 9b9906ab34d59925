"""Inverse block masks: squares of a grid that stay visible while everything else is masked."""

import tensorflow as tf


def inverse_blocks(grid_size, block, num_blocks, num_masks, key):
    """Draws square blocks that stay visible, as data2vec 2.0 does for images.

    Block centers are drawn uniformly, with replacement. Blocks are clipped at the border and may
    overlap, so the number of visible patches varies (see `visible.visible_set`).

    Args:
        grid_size: patches along each side of the grid.
        block: B, patches along each side of a block; a block of even size reaches one patch
            further up and left of its center than down and right.
        num_blocks: blocks per mask, 0 or more.
        num_masks: M, number of masks.
        key: int (2,), the seed.

    Returns:
        bool tensor (M, grid_size * grid_size), True where visible, patches in row-major order.

    Reference:
        Baevski, Babu, Hsu, Auli 2022, arXiv 2212.07525, section 3.2.
    """
    shape = [num_masks, num_blocks, 2, 1]
    centers = tf.random.stateless_uniform(shape, key, 0, grid_size, tf.int32)
    first, position = centers - block // 2, tf.range(grid_size)
    inside = (position >= first) & (position < first + block)
    squares = inside[:, :, 0, :, None] & inside[:, :, 1, None, :]
    return tf.reshape(tf.reduce_any(squares, axis=1), [num_masks, grid_size * grid_size])


def block_count(grid_size, block, mask_ratio, adjust):
    """Returns how many blocks leave about 1 - R of the patches visible: int(L (1 - R + A) / B^2).

    Args:
        grid_size: patches along each side of the grid; L is its square.
        block: B, patches along each side of a block.
        mask_ratio: R, fraction of the patches to mask.
        adjust: A, fraction to draw in addition, to make up for overlaps and clipped blocks.

    Returns:
        int.
    """
    return int(grid_size**2 * (1.0 - mask_ratio + adjust) / block**2 + 1e-6)
