"""Images as rows of patches, apart or overlapping, and the pixels of patches normalized."""

import keras
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
    # Four axes, which every export format transposes.
    parts = ops.reshape(images, (-1, patch_size, columns, patch_size * channels))
    parts = ops.transpose(parts, (0, 2, 1, 3))
    return ops.reshape(parts, (-1, rows * columns, patch_size**2 * channels))


def unpatchify(patches, patch_size, columns):
    """Joins the patches of images, undoing `patchify`.

    Args:
        patches: (B, T, patch_size^2 * C), T a multiple of `columns`.
        patch_size: pixels along each side of a patch.
        columns: patches of a row.

    Returns:
        (B, H, W, C), W being `columns * patch_size`.
    """
    _, count, values = patches.shape
    rows, channels = count // columns, values // patch_size**2
    parts = ops.reshape(patches, (-1, columns, patch_size, patch_size * channels))
    parts = ops.transpose(parts, (0, 2, 1, 3))
    return ops.reshape(parts, (-1, rows * patch_size, columns * patch_size, channels))


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


@keras.saving.register_keras_serializable("mmssl")
class OverlappingPatches(keras.layers.Layer):
    """Cuts square images into square patches, each an image of its own.

    Args:
        patch_size: pixels along each side of a patch.
        stride: pixels from one patch to the next, along both axes.

    Call arguments:
        images: (B, S, S, C).

    Returns:
        (B * grid * grid, patch_size, patch_size, C), the patches of an image row by row, where
        grid = (S - patch_size) // stride + 1.
    """

    def __init__(self, patch_size, stride, **kwargs):
        super().__init__(**kwargs)
        self.patch_size = patch_size
        self.stride = stride

    def call(self, images):
        size, channels = images.shape[2:]
        grid = (size - self.patch_size) // self.stride + 1
        pixels = [
            start * self.stride + pixel for start in range(grid) for pixel in range(self.patch_size)
        ]
        # Five axes at most, for LiteRT.
        rows = ops.reshape(ops.take(images, pixels, axis=1), (-1, self.patch_size, size, channels))
        parts = ops.reshape(
            ops.take(rows, pixels, axis=2), (-1, self.patch_size, grid, self.patch_size, channels)
        )
        parts = ops.transpose(parts, (0, 2, 1, 3, 4))
        return ops.reshape(parts, (-1, self.patch_size, self.patch_size, channels))

    def compute_output_shape(self, input_shape):
        return (None, self.patch_size, self.patch_size, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "patch_size": self.patch_size, "stride": self.stride}


@keras.saving.register_keras_serializable("mmssl")
class PatchMap(keras.layers.Layer):
    """Puts the vectors of the patches of each image next to each other again.

    Args:
        grid: patches along each side of an image.

    Call arguments:
        vectors: (B * grid * grid, C).

    Returns:
        (B, grid, grid, C).
    """

    def __init__(self, grid, **kwargs):
        super().__init__(**kwargs)
        self.grid = grid

    def call(self, vectors):
        return ops.reshape(vectors, (-1, self.grid, self.grid, vectors.shape[-1]))

    def compute_output_shape(self, input_shape):
        return (None, self.grid, self.grid, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "grid": self.grid}
