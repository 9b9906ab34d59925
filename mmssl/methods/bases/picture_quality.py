"""How well pictures are restored: PSNR and SSIM of their luma."""

import numpy as np
from scipy.ndimage import correlate1d

LUMA = np.array([65.738, 129.057, 25.064]) / 256  # of ITU-R BT.601, for values in [0, 1]
FLOOR = 1e-10  # a squared error of 100 dB
STABILIZERS = (0.01**2, 0.03**2)  # of Wang et al. 2004
RADIUS, SIGMA = 5, 1.5  # pixels of the window


def luma(pictures):
    """Computes Y of YCbCr, without its offset of 16 / 255.

    Args:
        pictures: float array (N, H, W, 3) in [0, 1].

    Returns:
        float64 array (N, H, W), from 0 to 219 / 255.
    """
    return np.asarray(pictures, "float64") @ LUMA


def luma_psnr(found, true, border=0):
    """Averages the peak signal-to-noise ratio of the luma of pictures, 1 being the peak.

    Args:
        found: float array (N, H, W, 3), clipped to [0, 1].
        true: float array (N, H, W, 3) in [0, 1].
        border: pixels that are left out on each side, as papers do with enlarged pictures.

    Returns:
        float, in dB.
    """
    error = _inside(luma(np.clip(found, 0, 1)) - luma(true), border)
    squares = np.maximum(np.mean(error**2, axis=(1, 2)), FLOOR)
    return float(np.mean(-10 * np.log10(squares)))


def luma_ssim(found, true, border=0):
    """Averages the structural similarity of the luma of pictures (Wang et al. 2004).

    Args:
        found: float array (N, H, W, 3), clipped to [0, 1].
        true: float array (N, H, W, 3) in [0, 1].
        border: see `luma_psnr`.

    Returns:
        float, 1 if they are equal. Windows are Gaussian, 11 x 11 pixels, less of smaller pictures,
        and lie inside.
    """
    x, y = (_inside(luma(np.clip(z, 0, 1)), border) for z in (found, true))
    means, squares = (_windowed(x), _windowed(y)), (_windowed(x * x), _windowed(y * y))
    product = means[0] * means[1]
    variances = sum(square - mean**2 for square, mean in zip(squares, means, strict=True))
    covariance = _windowed(x * y) - product
    low, high = STABILIZERS
    alike = (2 * product + low) / (means[0] ** 2 + means[1] ** 2 + low)
    return float(np.mean(alike * (2 * covariance + high) / (variances + high)))


def _inside(pictures, border):
    return pictures[:, border:-border, border:-border] if border else pictures


def _windowed(pictures):
    radius = min(RADIUS, (min(pictures.shape[1:]) - 1) // 2)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / SIGMA) ** 2)
    weights /= weights.sum()
    for axis in (1, 2):
        pictures = correlate1d(pictures, weights, axis)
    return _inside(pictures, radius)
