"""What inpainting must beat: holes filled with the color around them."""

import numpy as np
from scipy import ndimage


def border_fill(images, mask):
    """Fills every hole with the mean color of the visible pixels that touch it.

    A hole is a set of hidden pixels that touch along edges, so a mask of several blobs has as
    many colors.

    Args:
        images: float array (B, H, W, 3).
        mask: array (B, H, W, 1), 1 where hidden; some pixel of each image is visible.

    Returns:
        float array (B, H, W, 3), the visible pixels as they are.
    """
    filled = np.array(images)
    for picture, hidden in zip(filled, mask[..., 0] > 0.5, strict=True):
        holes, count = ndimage.label(hidden)
        for hole in range(1, count + 1):
            inside = holes == hole
            border = ndimage.binary_dilation(inside) & ~hidden
            picture[inside] = picture[border].mean(axis=0)
    return filled
