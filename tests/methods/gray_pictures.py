"""Batches of small gray pictures with noise beside them, for autoencoders and machines."""

import numpy as np


def gray_batch(rows, size, *noise):
    """Draws pictures of any grays, the same each time.

    Args:
        rows: B.
        size: pixels along each side.
        *noise: shape of the noise of a picture.

    Returns:
        dict of float32 arrays: images (B, size, size, 3), target (B, size, size, 1), their gray,
        and noise (B, ...), standard normal.
    """
    draw = np.random.default_rng(0)
    target = draw.uniform(size=(rows, size, size, 1)).astype("float32")
    drawn = draw.normal(size=(rows, *noise)).astype("float32")
    return {"images": np.repeat(target, 3, axis=-1), "target": target, "noise": drawn}
