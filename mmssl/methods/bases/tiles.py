"""Restoration of pictures of any size by overlapping tiles, without seams."""

import numpy as np

MOST = 64  # tiles that are restored at once
STEP = 8  # their number is a multiple of it, so that few sizes of a batch are compiled


def restored_bands(restore, pictures, size, scale=1, progress=None):
    """Restores pictures tile by tile, in bands from the top down.

    Neighboring tiles overlap by a third of their size or more. There one fades into the other, but
    for the outer quarter of the overlap, where what a convolution pads a tile with may be felt: it
    counts only at the borders of the picture. A picture smaller than a tile is continued by its
    mirror image.

    Args:
        restore: function from tiles float32 (n, size, size, 3), n a multiple of 8 up to 64, to
            (n, scale * size, scale * size, 3).
        pictures: float32 array (N, H, W, 3), of any size.
        size: int, pixels along each side of a tile.
        scale: int, how many times as large the sides become.
        progress: None, or function called with (tiles done, total tiles).

    Yields:
        float32 array (N, rows, scale * W, 3): the next rows of all restored pictures.
    """
    count, height, width, _ = pictures.shape
    whole = _continued(pictures, size)
    tops, lefts = (_starts(side, size) for side in whole.shape[1:3])
    total, done = count * len(tops) * len(lefts), 0
    sums = weights = 0.0
    for number, top in enumerate(tops):
        tiles = np.stack([whole[:, top : top + size, left : left + size] for left in lefts])
        band = _joined(_in_parts(restore, tiles), lefts, size, scale)
        fade = _fade(tops, number, size, scale)
        sums, weights = sums + band * fade[:, None, None], weights + fade
        following = tops[number + 1] if number + 1 < len(tops) else top + size
        rows = scale * (following - top)
        visible = max(0, min(rows, scale * (height - top)))
        done += tiles.shape[0] * count
        if progress is not None:
            progress(done, total)
        yield (sums[:, :visible] / weights[:visible, None, None])[:, :, : scale * width]
        sums, weights = _moved(sums, rows, axis=1), _moved(weights, rows, axis=0)


def _continued(pictures, size):
    for axis in (1, 2):
        length = pictures.shape[axis]
        places = np.arange(max(length, size)) % (2 * length)
        pictures = pictures.take(np.minimum(places, 2 * length - 1 - places), axis)
    return pictures


def _starts(length, size):
    """Where tiles begin along a side, evenly spread."""
    free, step = length - size, size - size // 3
    return np.rint(np.linspace(0, free, -(-free // step) + 1)).astype(int)


def _fade(starts, number, size, scale):
    """How much each row, or column, of a restored tile counts: float32 (scale * size,)."""
    places = (np.arange(scale * size, dtype="float32") + 0.5) / scale
    fade = np.ones_like(places)
    if number > 0:
        fade *= _ramp(places, starts[number - 1] + size - starts[number])
    if number + 1 < len(starts):
        fade *= _ramp(size - places, starts[number] + size - starts[number + 1])
    return fade


def _ramp(places, overlap):
    outer = overlap // 4
    return np.clip((places - outer) / (overlap - 2 * outer), 0.0, 1.0)


def _joined(tiles, lefts, size, scale):
    """Joins the tiles of a row, (tiles, N, S, S, 3): float32 (N, S, W, 3)."""
    _, count, side, _, channels = tiles.shape
    sums = np.zeros((count, side, scale * lefts[-1] + side, channels), "float32")
    weights = np.zeros(sums.shape[2], "float32")
    for number, left in enumerate(scale * lefts):
        fade = _fade(lefts, number, size, scale)
        sums[:, :, left : left + side] += tiles[number] * fade[:, None]
        weights[left : left + side] += fade
    return sums / weights[:, None]


def _moved(x, rows, axis):
    """Drops the first rows, and adds as many zeros behind the others."""
    kept = np.delete(x, np.s_[:rows], axis)
    padding = [(0, rows if at == axis else 0) for at in range(x.ndim)]
    return np.pad(kept, padding)


def _in_parts(restore, tiles):
    flat = tiles.reshape(-1, *tiles.shape[2:])
    found = [_filled_up(restore, flat[begin : begin + MOST]) for begin in range(0, len(flat), MOST)]
    joined = np.concatenate(found)
    return joined.reshape(*tiles.shape[:2], *joined.shape[1:])


def _filled_up(restore, tiles):
    missing = -len(tiles) % STEP
    padded = np.pad(tiles, [(0, missing), (0, 0), (0, 0), (0, 0)])
    return np.asarray(restore(padded))[: len(tiles)]
