"""Color conversion inside a model: CIE Lab, lightness, and the quantized ab plane."""

import functools

import keras
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
    """Computes the lightness L of CIE Lab.

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
    """Converts CIE Lab to sRGB; colors outside the gamut are clipped channel by channel.

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


def hue_and_chroma(rgb):
    """Computes the hue of HSV, and the chroma, the largest channel less the smallest.

    Args:
        rgb: float32 (..., 3) in [0, 1].

    Returns:
        Two float32 (...): hue in [0, 1), 0 red, 1/3 green, 2/3 blue, and 0 for grays; and chroma
        in [0, 1].
    """
    red, green, blue = ops.unstack(rgb, axis=-1)
    largest = ops.max(rgb, axis=-1)
    chroma = largest - ops.min(rgb, axis=-1)
    some = ops.where(chroma > 0, chroma, 1.0)
    sixth = ops.where(
        largest == red,
        (green - blue) / some,
        ops.where(largest == green, (blue - red) / some + 2, (red - green) / some + 4),
    )
    return ops.mod(sixth / 6, 1.0), chroma


def rgb_of_hue(hue, chroma):
    """Computes the darkest color of a hue and chroma: float32 (...) twice to (..., 3)."""
    distance = [ops.abs(ops.mod(hue + 0.5 - third, 1.0) - 0.5) for third in (0, 1 / 3, 2 / 3)]
    return chroma[..., None] * ops.clip(2 - 6 * ops.stack(distance, axis=-1), 0.0, 1.0)


@keras.saving.register_keras_serializable("mmssl")
class Lightness(keras.layers.Layer):
    """Reduces sRGB images to the L of CIE Lab, centered and scaled to [-1, 1].

    Call arguments:
        images: float32 (B, H, W, 3) in [0, 1], sRGB.

    Returns:
        (B, H, W, 1): (L - 50) / 50, so black is -1 and white is 1.
    """

    def call(self, images):
        return rgb_to_lightness(images) / 50.0 - 1.0

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1)


@functools.cache
def gamut_bins(spacing=10):
    """Lists the points of an ab grid to which sRGB colors round.

    A solid and its surface have the same projection onto a plane, so it is enough to project the
    six faces of the RGB cube, at every 8-bit value.

    Args:
        spacing: distance between the points of the grid, in units of a and b.

    Returns:
        float32 (Q, 2), ordered by a, then b. Spacing 10 gives Q = 261. (The paper's list of 313
        was published as data, and no rule for it is known.)
    """
    value = np.linspace(0, 1, 256, dtype="float32")
    u, v = (grid.ravel() for grid in np.meshgrid(value, value))
    faces = [
        np.stack(np.roll([u, v, np.full_like(u, end)], axis, axis=0), axis=-1)
        for axis in range(3)
        for end in (0, 1)
    ]
    ab = ops.convert_to_numpy(rgb_to_lab(np.concatenate(faces)))[:, 1:]
    return (np.unique(np.rint(ab / spacing), axis=0) * spacing).astype("float32")


@keras.saving.register_keras_serializable("mmssl")
class ColorBins(keras.layers.Layer):
    """Converts between ab values and distributions over color bins (Zhang et al. 2016).

    Holds the bins' rarity weights, which `set_frequencies` computes from the data.

    Args:
        spacing: distance between the bins, in units of a and b.
        neighbors: nearest bins among which a pixel is soft-encoded; 10 in the official code.
        sigma: standard deviation of the Gaussian that weights them, in units of a and b.
    """

    def __init__(self, spacing=10, neighbors=10, sigma=5.0, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.spacing, self.neighbors, self.sigma = spacing, neighbors, sigma
        self.centers = gamut_bins(spacing)
        self.rarity = self.add_weight(
            shape=(len(self.centers),), initializer="ones", trainable=False, name="rarity"
        )

    def __len__(self):
        return len(self.centers)

    def encode(self, ab):
        """Soft-encodes each pixel over its nearest bins.

        Args:
            ab: float32 (N, 2).

        Returns:
            bins int32 (N, neighbors), nearest first, and weights float32 (N, neighbors),
            proportional to exp(-distance^2 / (2 sigma^2)) and summing to one.
        """
        square = ops.sum(ab**2, axis=-1, keepdims=True) + np.sum(self.centers**2, axis=-1)
        distance = square - 2.0 * ops.matmul(ab, self.centers.T)
        nearness, bins = ops.top_k(-distance, self.neighbors)
        return bins, ops.softmax(nearness / (2.0 * self.sigma**2), axis=-1)

    def decode(self, logits, temperature=0.38):
        """Computes the annealed mean of predicted distributions.

        Args:
            logits: float32 (..., Q).
            temperature: 1 gives the mean; the limit at 0 is the mode.

        Returns:
            float32 (..., 2), ab.
        """
        return ops.matmul(ops.softmax(logits / temperature, axis=-1), self.centers)

    def rebalance(self, bins):
        """Looks up the rarity weight of each pixel's nearest bin: (N, neighbors) to (N,)."""
        return ops.take(self.rarity, bins[:, 0])

    def set_frequencies(self, frequencies, uniform_weight=0.5):
        """Sets the rarity weights, `1 / ((1 - u) p + u / Q)` scaled to a mean of one.

        Args:
            frequencies: p, (Q,), the relative frequency of each bin in the data, summing to one.
            uniform_weight: u, the weight of the uniform distribution in the mixture, in [0, 1]; 1
                turns rebalancing off.
        """
        frequencies = np.asarray(frequencies, "float64")
        rarity = 1 / ((1 - uniform_weight) * frequencies + uniform_weight / len(frequencies))
        self.rarity.assign(rarity / np.sum(frequencies * rarity))

    def get_config(self):
        config = {"spacing": self.spacing, "neighbors": self.neighbors, "sigma": self.sigma}
        return {**super().get_config(), **config}
