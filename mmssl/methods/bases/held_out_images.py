"""Held-out images: those that a method is measured on, and the sheet that a report shows."""

import numpy as np

MOST = 2048  # images that are measured
MARKS = np.array([[1, 0.2, 0.2], [0.2, 1, 0.2], [0.3, 0.4, 1], [1, 1, 0.2]], "float32")


def spread_out(source):
    """Selects images that lie evenly over a source, all of a small one.

    Args:
        source: Source.

    Returns:
        Source of 2,048 items at most.
    """
    count = len(source)
    return source.select(np.linspace(0, count - 1, min(count, MOST)).astype(int))


def first_images(data, count):
    """Returns the first images of a pipeline's source, as an encoder sees them.

    Args:
        data: pipeline of images.
        count: number of them, if there are as many.

    Returns:
        float32 array (N, H, W, C) in [0, 1].
    """
    return next(iter(data.examples(data.source, batch_size=count)))["images"].numpy()


def sheet(rows):
    """Joins rows of images to one picture.

    Args:
        rows: list of float32 (N, H, W, 3) in [0, 1], a row each, of one width N * W.

    Returns:
        uint8 array (rows * H, N * W, 3).
    """
    joined = np.concatenate([np.concatenate(list(np.asarray(row)), axis=1) for row in rows])
    return np.rint(joined * 255).astype("uint8")


def join_tiles(tiles):
    """Joins the tiles of each of some images.

    Args:
        tiles: array (N, rows, columns, H, W, 3).

    Returns:
        array (N, rows * H, columns * W, 3).
    """
    count, rows, columns, height, width, channels = tiles.shape
    return tiles.swapaxes(2, 3).reshape(count, rows * height, columns * width, channels)


def highlight(images, maps):
    """Shows a map of numbers as light on images: bright where they are high, dark where low.

    Args:
        images: float32 (N, H, W, 3) in [0, 1].
        maps: float array (N, h, w), of any range.

    Returns:
        float32 (N, H, W, 3) in [0, 1].
    """
    low, high = maps.min(axis=(1, 2), keepdims=True), maps.max(axis=(1, 2), keepdims=True)
    light = (maps - low) / np.maximum(high - low, 1e-12)
    rows, columns = (
        np.arange(size) * cells // size
        for size, cells in zip(images.shape[1:3], maps.shape[1:], strict=True)
    )
    return images * (0.15 + 0.85 * light[:, rows][:, :, columns, None]).astype("float32")


def marked(images, places, grid):
    """Colors cells of images, one color a column of places.

    Args:
        images: float32 (N, S, S, 3) in [0, 1].
        places: int array (N, M), cells row by row, M at most 4.
        grid: cells along each side.

    Returns:
        float32 (N, S, S, 3) in [0, 1].
    """
    edges = np.arange(grid + 1) * images.shape[1] // grid
    colored = images.copy()
    for image, cells in zip(colored, places, strict=True):
        for cell, color in zip(cells, MARKS, strict=False):
            row, column = divmod(cell, grid)
            part = image[edges[row] : edges[row + 1], edges[column] : edges[column + 1]]
            part[:] = (part + color) / 2
    return colored
