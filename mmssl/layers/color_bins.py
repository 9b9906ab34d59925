"""Quantised colours: the ab plane of CIE Lab as classes."""

import keras
import numpy as np
from keras import ops

from mmssl.layers.lab import rgb_to_lab


def gamut_bins(spacing=10):
    """Lists the points of an ab grid that colours of sRGB round to.

    The projection of a solid onto a plane is that of its surface, so the six faces of the RGB
    cube, at every 8-bit value, decide.

    Args:
        spacing: distance of the grid's points in units of a and b.

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
    """Translates between ab values and distributions over colour bins (Zhang et al. 2016).

    Holds the bins' rarity weights, which `set_frequencies` takes from the data.

    Args:
        spacing: grid of the bins in units of a and b.
        neighbours: bins that share a pixel's weight; 10 in the official code.
        sigma: width of the Gaussian that shares it, in units of a and b.
    """

    def __init__(self, spacing=10, neighbours=10, sigma=5.0, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.spacing, self.neighbours, self.sigma = spacing, neighbours, sigma
        self.centres = gamut_bins(spacing)
        self.rarity = self.add_weight(
            shape=(len(self.centres),), initializer="ones", trainable=False, name="rarity"
        )

    def __len__(self):
        return len(self.centres)

    def encode(self, ab):
        """Shares each pixel among its nearest bins.

        Args:
            ab: float32 (N, 2).

        Returns:
            bins int32 (N, neighbours), nearest first, and weights float32 (N, neighbours),
            proportional to exp(-distance^2 / (2 sigma^2)) and summing to one.
        """
        square = ops.sum(ab**2, axis=-1, keepdims=True) + np.sum(self.centres**2, axis=-1)
        distance = square - 2.0 * ops.matmul(ab, self.centres.T)
        nearness, bins = ops.top_k(-distance, self.neighbours)
        return bins, ops.softmax(nearness / (2.0 * self.sigma**2), axis=-1)

    def decode(self, logits, temperature=0.38):
        """Takes the annealed mean of predicted distributions.

        Args:
            logits: float32 (..., Q).
            temperature: 1 gives the mean, towards 0 the mode.

        Returns:
            float32 (..., 2), ab.
        """
        return ops.matmul(ops.softmax(logits / temperature, axis=-1), self.centres)

    def rebalance(self, bins):
        """Looks up the rarity weight of each pixel's nearest bin: (N, neighbours) to (N,)."""
        return ops.take(self.rarity, bins[:, 0])

    def set_frequencies(self, frequencies, uniform_share=0.5):
        """Sets the rarity weights, `1 / ((1 - share) p + share / Q)` scaled to a mean of one.

        Args:
            frequencies: (Q,), how often each bin occurs in the data, summing to one.
            uniform_share: how much of the uniform distribution is mixed in, in [0, 1]; 1 turns
                the rebalancing off.
        """
        frequencies = np.asarray(frequencies, "float64")
        rarity = 1 / ((1 - uniform_share) * frequencies + uniform_share / len(frequencies))
        self.rarity.assign(rarity / np.sum(frequencies * rarity))

    def get_config(self):
        config = {"spacing": self.spacing, "neighbours": self.neighbours, "sigma": self.sigma}
        return {**super().get_config(), **config}
