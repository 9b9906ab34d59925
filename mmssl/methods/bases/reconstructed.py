"""What reconstructions are measured by, and how they are shown."""

import numpy as np
from scipy.ndimage import median_filter

from mmssl.methods.bases.held_out_images import sheet

NEIGHBORHOODS = (3, 5)  # pixels along each side that a median is taken over
LEAST_VARIANCE = 1e-6  # of data that are all the same
STRIPE = (4, 16)  # pixels, height and width, that a value of a vector is shown as


def measured(found, true):
    """Measures reconstructions, of pictures and frames by their noise, of vectors by the variance.

    Args:
        found: float array (N, ...), reconstructions.
        true: float array of the same shape, targets.

    Returns:
        dict: of targets with more than one axis `psnr`, the mean peak signal-to-noise ratio in dB,
        1 being the peak, and `mean_psnr`, that of the mean of all targets in place of each; of
        vectors `explained`, the share of their variance about that mean that is reconstructed.
    """
    mean = np.broadcast_to(true.mean(axis=0), true.shape)
    if true.ndim > 2:
        return {"psnr": psnr(found, true), "mean_psnr": psnr(mean, true)}
    missed, all_of_it = (np.square(x - true, dtype="float64").sum() for x in (found, mean))
    return {"explained": float(1 - missed / max(all_of_it, 1e-12))}


def psnr(found, true):
    """Averages the peak signal-to-noise ratio of arrays whose values lie in [0, 1].

    Args:
        found: float array (N, ...), clipped to [0, 1].
        true: float array (N, ...).

    Returns:
        float, in dB.
    """
    errors = (np.clip(found, 0, 1) - true).reshape(len(true), -1).astype("float64")
    squares = np.maximum((errors**2).mean(axis=1), 1e-10)  # 100 dB at most
    return float(np.mean(-10 * np.log10(squares)))


def fidelity(found, true):
    """Compares reconstructions with targets: how far off they are, and how sharp.

    Args:
        found: float array (N, ...), reconstructions.
        true: float array of the same shape, targets.

    Returns:
        dict: `relative_error`, the squared error over the variance of the targets; `l1`, the mean
        absolute error; of pictures (N, H, W, C) also `sharpness` and `true_sharpness`, see there.
    """
    apart = np.subtract(found, true, dtype="float64")
    variance = max(true.var(dtype="float64"), LEAST_VARIANCE)
    figures = {
        "relative_error": float(np.square(apart).mean() / variance),
        "l1": float(np.abs(apart).mean()),
    }
    if true.ndim == 4:
        figures |= {"sharpness": sharpness(found), "true_sharpness": sharpness(true)}
    return figures


def sharpness(pictures):
    """Averages the length of the gradient of each channel, between neighboring pixels.

    Args:
        pictures: float array (N, H, W, C), H and W 2 or more.

    Returns:
        float, 0 of plain pictures.
    """
    pictures = np.asarray(pictures, "float64")
    down = (pictures[:, 1:] - pictures[:, :-1])[:, :, :-1]
    right = (pictures[:, :, 1:] - pictures[:, :, :-1])[:, :-1]
    return float(np.sqrt(down**2 + right**2).mean())


def restored_by_median(images, true):
    """Measures a median filter of each channel, the best of those of a few sizes.

    Args:
        images: float array (N, H, W, C), corrupted.
        true: float array (N, H, W, C).

    Returns:
        float, the highest mean PSNR in dB.
    """
    filtered = (median_filter(images, size=(1, side, side, 1)) for side in NEIGHBORHOODS)
    return max(psnr(found, true) for found in filtered)


def like_target(images, channels):
    """Returns pictures (N, H, W, 3) as targets have them: themselves, or one channel of gray."""
    return images if channels == 3 else images.mean(axis=-1, keepdims=True)


def reconstruction_sheet(batch, reconstructions):
    """Draws rows of what the encoder sees, where it sees pictures, of reconstructions and targets.

    Args:
        batch: dict of arrays with `target`, and `images` where these are pictures.
        reconstructions: float array of the targets' shape.

    Returns:
        Pair of the caption and the picture, uint8 (H, W, 3).
    """
    rows = {"what the encoder sees": batch["images"]} if "images" in batch else {}
    rows |= {"its reconstruction": reconstructions, "the target": batch["target"]}
    told = "" if batch["target"].ndim > 2 else " Each stripe is a value, each column an item."
    return f"Rows: {', '.join(rows)}.{told}", sheet([as_pictures(row) for row in rows.values()])


def as_pictures(arrays):
    """Turns arrays into pictures: frames left to right with low bands below, vectors downwards.

    Args:
        arrays: float array (N, H, W, C) with 1 or 3 channels, frames (N, T, M), or vectors (N, D)
            of standardized values, black for -2 and white for 2.

    Returns:
        float array (N, H, W, 3) in [0, 1].
    """
    if arrays.ndim == 2:
        arrays = np.kron(0.5 + arrays[:, :, np.newaxis, np.newaxis] / 4, np.ones((*STRIPE, 1)))
    if arrays.ndim == 3:
        arrays = np.flip(arrays.transpose(0, 2, 1), axis=1)[..., np.newaxis]
    wide = np.repeat(arrays, 3, axis=-1) if arrays.shape[-1] == 1 else arrays
    return np.clip(wide, 0.0, 1.0)
