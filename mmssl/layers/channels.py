"""Channels of pictures and of feature maps, taken apart."""

import keras
import numpy as np
from keras import ops

from mmssl.layers.color import lab_to_rgb, rgb_to_lab

# The least L, a and b of sRGB colors, and how far it is to the largest.
LAB_LEAST = np.array([0.0, -86.183, -107.857], "float32")
LAB_SPAN = np.array([100.0, 184.416, 202.335], "float32")
COLORS = len(LAB_LEAST)


@keras.saving.register_keras_serializable("mmssl")
class LabChannels(keras.layers.Layer):
    """Converts red, green and blue to L, a and b of CIE Lab, scaled to [0, 1].

    The ranges are those of the official code of CMC (Tian, Krishnan, Isola 2019, arXiv
    1906.05849), between which all sRGB colors lie.

    Call arguments:
        images: float32 (B, H, W, C) in [0, 1], of which the first three channels are sRGB.

    Returns:
        float32 (B, H, W, C): L / 100, (a + 86.183) / 184.416, (b + 107.857) / 202.335, and the
        other channels as they are.
    """

    def call(self, images):
        lab = (rgb_to_lab(images[..., :COLORS]) - LAB_LEAST) / LAB_SPAN
        return ops.concatenate([lab, images[..., COLORS:]], axis=-1)

    def to_rgb(self, channels):
        """Converts L, a and b as it returns them back to sRGB, float32 (..., 3) in [0, 1]."""
        return lab_to_rgb(channels * LAB_SPAN + LAB_LEAST)

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable("mmssl")
class TakeChannels(keras.layers.Layer):
    """Takes some channels of a picture or map, in any order, one more than once if it is named so.

    Args:
        channels: indices, 0 or more.

    Call arguments:
        x: (..., C).

    Returns:
        (..., len(channels)).
    """

    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        self.channels = tuple(channels)

    def call(self, x):
        return ops.stack([x[..., channel] for channel in self.channels], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], len(self.channels))

    def get_config(self):
        return {**super().get_config(), "channels": self.channels}


@keras.saving.register_keras_serializable("mmssl")
class SplitChannels(keras.layers.Layer):
    """Splits the channels into neighboring parts, undoing a concatenation.

    Args:
        widths: channels of each part.

    Call arguments:
        x: (..., sum of the widths).

    Returns:
        list of (..., width), one a part.
    """

    def __init__(self, widths, **kwargs):
        super().__init__(**kwargs)
        self.widths = tuple(widths)

    def call(self, x):
        parts, start = [], 0
        for width in self.widths:
            parts.append(x[..., start : start + width])
            start += width
        return parts

    def compute_output_shape(self, input_shape):
        return [(*input_shape[:-1], width) for width in self.widths]

    def get_config(self):
        return {**super().get_config(), "widths": self.widths}


@keras.saving.register_keras_serializable("mmssl")
class PadChannels(keras.layers.Layer):
    """Adds channels of zeros, so that a map of fewer channels can be added to one of more.

    Args:
        width: channels of the result.

    Call arguments:
        x: (..., C), C at most `width`.

    Returns:
        (..., width), the channels of x first.
    """

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.width = width

    def call(self, x):
        missing = self.width - x.shape[-1]
        return ops.pad(x, [[0, 0]] * (len(x.shape) - 1) + [[0, missing]])

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.width)

    def get_config(self):
        return {**super().get_config(), "width": self.width}
