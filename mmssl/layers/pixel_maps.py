"""Maps of pictures that are made pixel by pixel: (H, W, B, C), so that a pixel is one entry."""

from keras import ops


def empty_map(shape, dtype="float32"):
    """Creates a map of zeros, (H, W, B, C)."""
    return ops.zeros(shape, dtype)


def put(maps, values, row, column):
    """Writes values (B, C) at one pixel of maps (H, W, B, C)."""
    place = ops.reshape(ops.stack([row, column]), (1, 2))
    return ops.scatter_update(maps, place, ops.cast(values, maps.dtype)[None])


def window(maps, row, column, rows, columns):
    """Reads a rectangle of maps (H, W, B, C).

    Args:
        maps: (H, W, B, C).
        row: int32 scalar, its first row.
        column: int32 scalar, its first column.
        rows: int.
        columns: int.

    Returns:
        (B, rows * columns * C), row by row, column by column.
    """
    _, _, count, channels = ops.shape(maps)
    found = ops.slice(maps, (row, column, 0, 0), (rows, columns, count, channels))
    flat = ops.reshape(found, (rows * columns, count, channels))
    return ops.reshape(ops.swapaxes(flat, 0, 1), (-1, rows * columns * channels))
