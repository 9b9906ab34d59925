"""Images as rows of patches, and the pixels of patches normalized."""

import math

from keras import ops

EPSILON = 1e-6  # of He et al. 2021, added to the variance


def patchify(images, patch_size):
    """Cuts images into patches.

    Args:
        images: (B, H, W, C), H and W multiples of `patch_size`.
        patch_size: pixels along each side of a patch.

    Returns:
        (B, T, patch_size^2 * C), patches in row-major order, and in each its rows of pixels, a
        pixel's channels next to each other.
    """
    _, height, width, channels = images.shape
    rows, columns = height // patch_size, width // patch_size
    parts = ops.reshape(images, (-1, rows, patch_size, columns, patch_size, channels))
    parts = ops.transpose(parts, (0, 1, 3, 2, 4, 5))
    return ops.reshape(parts, (-1, rows * columns, patch_size**2 * channels))


def unpatchify(patches, channels=3):
    """Joins the patches of square images, undoing `patchify`.

    Args:
        patches: (B, T, patch_size^2 * channels), T a square number.
        channels: of a pixel.

    Returns:
        (B, side, side, channels).
    """
    grid, size = math.isqrt(patches.shape[1]), math.isqrt(patches.shape[2] // channels)
    parts = ops.reshape(patches, (-1, grid, grid, size, size, channels))
    parts = ops.transpose(parts, (0, 1, 3, 2, 4, 5))
    return ops.reshape(parts, (-1, grid * size, grid * size, channels))


def patch_statistics(patches):
    """Computes the mean and the deviation of each patch's values, by which it is normalized.

        deviation = sqrt(sum (x - mean)^2 / (n - 1) + 1e-6)

    Args:
        patches: float32 (..., n), n 2 or more.

    Returns:
        Pair of float32 (..., 1).
    """
    mean = ops.mean(patches, axis=-1, keepdims=True)
    squares = ops.sum(ops.square(patches - mean), axis=-1, keepdims=True)
    return mean, ops.sqrt(squares / (patches.shape[-1] - 1) + EPSILON)
