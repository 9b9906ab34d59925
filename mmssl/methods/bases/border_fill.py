"""The baseline of inpainting: filling holes with the color around them."""

import numpy as np
from scipy import ndimage


def border_fill(images, mask):
    """Fills every hole with the mean color of the visible pixels that touch it.

    A hole is a 4-connected set of masked pixels, so a mask of several blobs gets several colors.

    Args:
        images: float array (B, H, W, 3).
        mask: array (B, H, W, 1), 1 where masked; every image has a visible pixel.

    Returns:
        float array (B, H, W, 3), with the visible pixels unchanged.
    """
    filled = np.array(images)
    for image, hidden in zip(filled, mask[..., 0] > 0.5, strict=True):
        holes, count = ndimage.label(hidden)
        for hole in range(1, count + 1):
            inside = holes == hole
            border = ndimage.binary_dilation(inside) & ~hidden
            image[inside] = image[border].mean(axis=0)
    return filled
