"""Regions of a picture to hide: the center, a few blocks, or blobs of any shape."""

import math

import tensorflow as tf

_BLOCKS = 4  # squares of a sixteenth each, so that together they hide a quarter at most
_CELLS = 8  # of the noise along each side of a picture: the official code's 0.06 * 128
_MARGIN = 2  # cells cut off on each side, where the resizing has no neighbors to look at
_SHARES = (0.2, 0.3)


def center_mask(size, overlap=0):
    """Hides the middle of a picture, a quarter of its pixels where there is no overlap.

    Args:
        size: pixels of each side, a multiple of 4.
        overlap: pixels by which the hidden square is smaller on each side, below `size / 4`.

    Returns:
        float32 tensor (size, size, 1), 1 where hidden.
    """
    first, place = size // 4 + overlap, tf.range(size)
    inside = (place >= first) & (place < size - first)
    return _as_mask(inside[:, None] & inside[None, :])


def block_mask(size, key):
    """Hides four squares, which may overlap, anywhere in a picture.

    Args:
        size: pixels of each side, a multiple of 4; a square has a quarter of that.
        key: int (2,), the seed.

    Returns:
        float32 tensor (size, size, 1), 1 where hidden, at most a quarter of the pixels.
    """
    side, place = size // 4, tf.range(size)
    corners = tf.random.stateless_uniform([_BLOCKS, 2, 1], key, 0, size - side + 1, tf.int32)
    inside = (place >= corners) & (place < corners + side)
    return _as_mask(tf.reduce_any(inside[:, 0, :, None] & inside[:, 1, None, :], axis=0))


def random_region_mask(size, key):
    """Hides blobs of any shape: where smooth noise is lowest.

    Coarse uniform noise is upsampled by bicubic interpolation. Instead of a fixed threshold and
    the refusal of masks that hide too much or too little, the share is drawn, uniform between
    20 and 30 %, and exactly that many pixels are hidden.

    Args:
        size: pixels of each side.
        key: int (2,), the seed.

    Returns:
        float32 tensor (size, size, 1), 1 where hidden.
    """
    keys = tf.unstack(tf.random.experimental.stateless_split(key, 3))
    cells, pixels = _CELLS + 2 * _MARGIN, size * (_CELLS + 2 * _MARGIN) // _CELLS
    noise = tf.random.stateless_uniform([cells, cells, 1], keys[0])
    smooth = tf.image.resize(noise, [pixels, pixels], method="bicubic")
    # Noise varies most at the middle of a cell, so the grid must not lie at the same place always.
    cell = max(1, size // _CELLS)
    top, left = tf.unstack(tf.random.stateless_uniform([2], keys[1], cell, 3 * cell, tf.int32))
    smooth = smooth[top : top + size, left : left + size, 0]
    least, most = math.ceil(_SHARES[0] * size**2), math.floor(_SHARES[1] * size**2)
    hidden = tf.random.stateless_uniform([], keys[2], least, most + 1, tf.int32)
    threshold = tf.sort(tf.reshape(smooth, [-1]))[hidden]
    return _as_mask(smooth < threshold)


def _as_mask(hidden):
    return tf.cast(hidden[..., None], tf.float32)
