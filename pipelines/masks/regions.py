"""Regions of an image to mask: the center, a few blocks, or blobs of any shape."""

import math

import tensorflow as tf

_BLOCKS = 4  # squares of a sixteenth each, so that together they cover a quarter at most
_CELLS = 8  # of the noise along each side of an image: the official code's 0.06 * 128
_MARGIN = 2  # cells cropped on each side, where bicubic interpolation lacks neighbors
_MASK_RATIOS = (0.2, 0.3)


def center_mask(size, overlap=0):
    """Masks the center of an image, a quarter of its pixels if `overlap` is 0.

    Args:
        size: pixels along each side, a multiple of 4.
        overlap: pixels by which the masked square is smaller on each side, below `size / 4`.

    Returns:
        float32 tensor (size, size, 1), 1 where masked.
    """
    first, position = size // 4 + overlap, tf.range(size)
    inside = (position >= first) & (position < size - first)
    return _as_mask(inside[:, None] & inside[None, :])


def block_mask(size, key):
    """Masks four squares, which may overlap, anywhere in an image.

    Args:
        size: pixels along each side, a multiple of 4; the side of a square is a quarter of it.
        key: int (2,), the seed.

    Returns:
        float32 tensor (size, size, 1), 1 where masked, at most a quarter of the pixels.
    """
    side, position = size // 4, tf.range(size)
    corners = tf.random.stateless_uniform([_BLOCKS, 2, 1], key, 0, size - side + 1, tf.int32)
    inside = (position >= corners) & (position < corners + side)
    return _as_mask(tf.reduce_any(inside[:, 0, :, None] & inside[:, 1, None, :], axis=0))


def random_region_mask(size, key):
    """Masks blobs of any shape: the pixels where smooth noise is lowest.

    Coarse uniform noise is upsampled by bicubic interpolation. Instead of a fixed threshold and
    rejection of masks that are too large or too small, the mask ratio is drawn, uniform between
    20 and 30 %, and exactly that many pixels are masked.

    Args:
        size: pixels along each side.
        key: int (2,), the seed.

    Returns:
        float32 tensor (size, size, 1), 1 where masked.
    """
    keys = tf.unstack(tf.random.experimental.stateless_split(key, 3))
    cells, pixels = _CELLS + 2 * _MARGIN, size * (_CELLS + 2 * _MARGIN) // _CELLS
    noise = tf.random.stateless_uniform([cells, cells, 1], keys[0])
    smooth = tf.image.resize(noise, [pixels, pixels], method="bicubic")
    # Noise varies most at the center of a cell, so the grid needs a random offset.
    cell = max(1, size // _CELLS)
    top, left = tf.unstack(tf.random.stateless_uniform([2], keys[1], cell, 3 * cell, tf.int32))
    smooth = smooth[top : top + size, left : left + size, 0]
    least, most = math.ceil(_MASK_RATIOS[0] * size**2), math.floor(_MASK_RATIOS[1] * size**2)
    masked = tf.random.stateless_uniform([], keys[2], least, most + 1, tf.int32)
    threshold = tf.sort(tf.reshape(smooth, [-1]))[masked]
    return _as_mask(smooth < threshold)


def _as_mask(masked):
    return tf.cast(masked[..., None], tf.float32)
