"""What a network outputs for the channels of a pixel: their values, or a class each.

Channels are scaled to [-1, 1]. Each code says how many outputs a pixel has, what they cost,
what values they stand for, and what the best outputs cost that are the same for all pixels.
"""

import numpy as np
from keras import ops

from mmssl.layers import ColorBins
from mmssl.layers.channels import LAB_LEAST, LAB_SPAN
from mmssl.losses.color_distribution import color_distribution_loss


class Values:
    """Regression: one output a channel, and half the squared error, summed over channels.

    Args:
        channels: number of channels.
    """

    def __init__(self, channels):
        self.outputs = channels

    def loss(self, outputs, values):
        """Averages the loss over pixels: outputs (N, outputs) and values (N, channels)."""
        return ops.mean(ops.sum(ops.square(outputs - values), axis=-1)) / 2

    def decode(self, outputs):
        """Returns the values that outputs (..., outputs) stand for, (..., channels)."""
        return outputs

    def constant_loss(self, values):
        """Returns the loss of the best constant prediction of values (N, channels), a float."""
        return float(np.sum(np.var(values, axis=0)) / 2)


class Levels:
    """Classification: equal levels between -1 and 1, and the cross-entropy summed over channels.

    Args:
        channels: number of channels.
        levels: number of levels, 2 or more.
    """

    def __init__(self, channels, levels):
        self.channels, self.levels = channels, levels
        self.outputs = channels * levels

    def loss(self, outputs, values):
        """Averages the loss over pixels: outputs (N, outputs) and values (N, channels)."""
        losses = ops.sparse_categorical_crossentropy(
            self._encode(values), self._by_channel(outputs), from_logits=True
        )
        return ops.mean(ops.sum(losses, axis=-1))

    def decode(self, outputs):
        """Returns the mean of the predicted levels, (..., outputs) to (..., channels)."""
        centers = (np.arange(self.levels, dtype="float32") + 0.5) * (2 / self.levels) - 1
        return ops.sum(ops.softmax(self._by_channel(outputs), axis=-1) * centers, axis=-1)

    def constant_loss(self, values):
        """Returns the loss of the best constant prediction of values (N, channels), a float."""
        found = ops.convert_to_numpy(self._encode(values))
        shares = [np.bincount(channel, minlength=self.levels) / len(found) for channel in found.T]
        return sum(map(_entropy, shares))

    def _encode(self, values):
        level = ops.floor((values + 1) * (self.levels / 2))
        return ops.cast(ops.clip(level, 0, self.levels - 1), "int32")

    def _by_channel(self, outputs):
        return ops.reshape(outputs, (*outputs.shape[:-1], self.channels, self.levels))


class GamutColors:
    """Classification of a and b of Lab: the soft codes of colorization, without rebalancing."""

    def __init__(self):
        self.bins = ColorBins()
        self.outputs = len(self.bins)

    def loss(self, outputs, values):
        """Averages the loss over pixels: outputs (N, outputs) and values (N, 2)."""
        bins, weights = self.bins.encode(_colors(values))
        return color_distribution_loss(outputs, bins, weights, ops.ones_like(weights[:, 0]))

    def decode(self, outputs):
        """Returns the annealed mean of the predicted colors, (..., outputs) to (..., 2)."""
        return (self.bins.decode(outputs) - LAB_LEAST[1:]) / LAB_SPAN[1:] * 2 - 1

    def constant_loss(self, values):
        """Returns the loss of the best constant prediction of values (N, 2), a float."""
        bins, weights = map(ops.convert_to_numpy, self.bins.encode(_colors(values)))
        share = np.bincount(bins.ravel(), weights.ravel(), self.outputs) / len(bins)
        return _entropy(share)


def _colors(values):
    """Returns a and b of Lab."""
    return (values + 1) / 2 * LAB_SPAN[1:] + LAB_LEAST[1:]


def _entropy(shares):
    some = shares[shares > 0]
    return float(-np.sum(some * np.log(some)))
