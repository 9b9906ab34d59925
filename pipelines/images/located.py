"""Views of every image that say which part of it each of their cells shows."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.views import ImageViews


class LocatedViews(ImageViews):
    """`ImageViews` with the places of the cells of a grid over each view.

    In addition to the views, batches hold centers_1, centers_2, ..., float32 (B, grid * grid, 2):
    row and column, in pixels of the whole image, of the middle of each cell of the view, row by
    row as the view shows them: where it is mirrored, so are they.

    Args:
        source: see `ImageViews`.
        size: see `ImageViews`.
        batch_size: see `ImageViews`.
        grid: cells along each side of the first two views, those of the encoder's map.
        small_grid: cells along each side of a small view.
        **kwargs: see `ImageViews`.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 32,
        batch_size: int = 256,
        grid: int = 4,
        small_grid: int = 2,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if min(grid, small_grid) < 1:
            raise ValueError(f"grid={grid} and small_grid={small_grid} must be 1 or more")
        small = len(self.sizes) - 2
        self.grids = [grid] * 2 + [small_grid] * small

    def describe(self, box, draws, view):
        flipped = (draws["flip"][:, 0] < 0.5) & self.flip
        return {f"centers_{view + 1}": cell_centers(box, flipped, self.grids[view])}


def cell_centers(boxes, flipped, grid):
    """Computes where the middles of cells lie in the image.

    Args:
        boxes: int32 tensor (B, 4): top, left, height, width.
        flipped: bool tensor (B,), whether what is in the box is shown mirrored.
        grid: cells along each side.

    Returns:
        float32 tensor (B, grid * grid, 2): row and column, of the cells row by row.
    """
    top, left, height, width = tf.unstack(tf.cast(boxes, tf.float32)[..., tf.newaxis], axis=1)
    middles = (tf.range(grid, dtype=tf.float32) + 0.5) / grid
    rows = top + height * middles
    across = tf.where(flipped[:, tf.newaxis], 1.0 - middles, middles)
    columns = left + width * across
    rows = tf.broadcast_to(rows[:, :, tf.newaxis], [tf.shape(rows)[0], grid, grid])
    columns = tf.broadcast_to(columns[:, tf.newaxis], tf.shape(rows))
    return tf.reshape(tf.stack([rows, columns], axis=-1), [-1, grid**2, 2])
