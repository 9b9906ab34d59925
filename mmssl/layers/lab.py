"""CIE Lab under D65 from and to sRGB, on any backend."""

import numpy as np
from keras import ops

# Rows: X, Y, Z of the sRGB primaries (IEC 61966-2-1), divided by D65's white point.
RGB_TO_XYZ = np.array(
    [
        [0.412453 / 0.950456, 0.357580 / 0.950456, 0.180423 / 0.950456],
        [0.212671, 0.715160, 0.072169],
        [0.019334 / 1.088754, 0.119193 / 1.088754, 0.950227 / 1.088754],
    ],
    "float32",
)
XYZ_TO_LAB = np.array([[0, 116, 0], [500, -500, 0], [0, 200, -200]], "float32")
LINEAR_BELOW = 0.04045
CUBE_ROOT_ABOVE = (6 / 29) ** 3


def linear_rgb(rgb):
    """Undoes the sRGB transfer curve: (..., 3) in [0, 1] to linear light in [0, 1]."""
    curve = ops.power((ops.maximum(rgb, LINEAR_BELOW) + 0.055) / 1.055, 2.4)
    return ops.where(rgb > LINEAR_BELOW, curve, rgb / 12.92)


def _mixed(channels, rows):
    """Multiplies (..., 3) by a matrix, elementwise: a GPU may round a matmul to TF32's ten bits."""
    return ops.sum(channels[..., None, :] * ops.convert_to_tensor(rows, "float32"), axis=-1)


def _cube_root(t):
    curve = ops.power(ops.maximum(t, CUBE_ROOT_ABOVE), 1 / 3)
    return ops.where(t > CUBE_ROOT_ABOVE, curve, t / (3 * (6 / 29) ** 2) + 4 / 29)


def rgb_to_lightness(rgb):
    """Computes L alone.

    Args:
        rgb: (..., 3) in [0, 1], sRGB.

    Returns:
        (..., 1) in [0, 100].
    """
    weights = ops.convert_to_tensor(RGB_TO_XYZ[1], rgb.dtype)
    luminance = ops.sum(linear_rgb(rgb) * weights, axis=-1, keepdims=True)
    return 116.0 * _cube_root(luminance) - 16.0


def rgb_to_lab(rgb):
    """Converts sRGB to CIE Lab.

    Args:
        rgb: float32 (..., 3) in [0, 1].

    Returns:
        float32 (..., 3): L in [0, 100], a and b in about [-110, 110].
    """
    roots = _cube_root(_mixed(linear_rgb(rgb), RGB_TO_XYZ))
    return _mixed(roots, XYZ_TO_LAB) - np.array([16, 0, 0], "float32")


def lab_to_rgb(lab):
    """Converts CIE Lab to sRGB, colours outside its gamut to the nearest value a channel.

    Args:
        lab: float32 (..., 3): L in [0, 100], a and b.

    Returns:
        float32 (..., 3) in [0, 1].
    """
    roots = _mixed(lab + np.array([16, 0, 0], "float32"), np.linalg.inv(XYZ_TO_LAB))
    above = roots > 6 / 29
    xyz = ops.where(above, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29))
    linear = ops.clip(_mixed(xyz, np.linalg.inv(RGB_TO_XYZ)), 0.0, 1.0)
    curve = 1.055 * ops.power(ops.maximum(linear, 0.0031308), 1 / 2.4) - 0.055
    return ops.where(linear > 0.0031308, curve, 12.92 * linear)
