"""Convolutions over pictures in raster order, that see no pixel and no channel before its turn."""

import math

import keras
import numpy as np
from keras import ops

from mmssl.layers.pixel_maps import empty_map, put, window

KINDS = ("A", "B")


def causal_mask(kernel_size, kind, inputs, outputs, groups=1):
    """Builds the mask of a kernel: 1 for what a pixel may see, in raster order.

    That is all pixels in the rows above, and in its own row those to the left. Channels are cut
    into equal parts, one after the other, which have their turn within a pixel: with kind A a
    channel sees those of earlier groups at its own pixel, with kind B of its own group, too.

    Args:
        kernel_size: rows and columns, odd.
        kind: "A" or "B".
        inputs: number of channels.
        outputs: number of channels.
        groups: number of groups of channels, such as 3 for red, green and blue.

    Returns:
        float32 array (kernel_size, kernel_size, inputs, outputs).

    Raises:
        ValueError: an argument is not one of those.

    Reference:
        van den Oord, Kalchbrenner, Kavukcuoglu 2016, arXiv 1601.06759, section 3.4.
    """
    _check(kernel_size, kind, inputs, outputs, groups)
    middle = kernel_size // 2
    mask = np.zeros((kernel_size, kernel_size, inputs, outputs), "float32")
    mask[:middle] = 1
    mask[middle, :middle] = 1
    seen, sees = _turns(inputs, groups)[:, None], _turns(outputs, groups)
    mask[middle, middle] = seen < sees if kind == "A" else seen <= sees
    return mask


@keras.saving.register_keras_serializable("mmssl")
class MaskedConv2D(keras.layers.Layer):
    """A convolution whose kernel is masked in every pass, see `causal_mask`.

    Rows of the kernel that see nothing are left out. What a pixel is given by a whole picture is
    what `step` gives it from the pixels before, one at a time.

    Args:
        filters: number of output channels.
        kernel_size: rows and columns of the whole kernel, odd.
        kind: "A" in a network's first layer, "B" in all others.
        groups: number of groups of channels.
        gain: factor of the initial weights; with 1 the variance of what is put in stays behind a
            ReLU (He et al. 2015, arXiv 1502.01852), with 0 the layer gives zeros.

    Call arguments:
        x: (B, H, W, C).

    Returns:
        (B, H, W, filters).

    Reference:
        van den Oord, Kalchbrenner, Kavukcuoglu 2016, arXiv 1601.06759.
    """

    def __init__(self, filters, kernel_size, kind="B", groups=1, gain=1.0, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.kind = filters, kernel_size, kind
        self.groups, self.gain, self.half = groups, gain, kernel_size // 2

    def build(self, input_shape):
        channels = input_shape[-1]
        whole = causal_mask(self.kernel_size, self.kind, channels, self.filters, self.groups)
        self.mask = whole[: self.half + 1]
        seen = max(self.mask.sum() / self.filters, 1)
        start = keras.initializers.RandomNormal(stddev=self.gain * math.sqrt(2 / seen))
        self.kernel = self.add_weight(self.mask.shape, initializer=start, name="kernel")
        self.bias = self.add_weight((self.filters,), initializer="zeros", name="bias")

    def call(self, x):
        x = ops.cast(x, self.compute_dtype)
        if self.half:
            x = ops.pad(x, ((0, 0), (self.half, 0), (self.half, self.half), (0, 0)))
        return ops.conv(x, self._masked(), padding="valid") + self._bias()

    def start(self, rows, height, width):
        """Creates what `step` keeps of the pixels before: a map, or nothing for single pixels."""
        if not self.half:
            return ()
        shape = (height + self.half, width + 2 * self.half, rows, self.kernel.shape[2])
        return empty_map(shape, self.compute_dtype)

    def step(self, x, kept, row, column):
        """Computes one pixel from itself and those before it.

        Args:
            x: (B, C), the layer's input at this pixel.
            kept: of `start`, or of the pixel before.
            row: int32 scalar.
            column: int32 scalar.

        Returns:
            Pair of (B, filters) and what is kept for the pixels behind it.
        """
        x, kernel = ops.cast(x, self.compute_dtype), self._masked()
        if self.half:
            kept = put(kept, x, row + self.half, column + self.half)
            x = window(kept, row, column, self.half + 1, self.kernel_size)
        kernel = ops.reshape(kernel, (-1, self.filters))
        return ops.matmul(x, kernel) + self._bias(), kept

    def _masked(self):
        kernel = ops.cast(self.kernel, self.compute_dtype)
        return kernel * ops.convert_to_tensor(self.mask, self.compute_dtype)

    def _bias(self):
        return ops.cast(self.bias, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)

    def get_config(self):
        names = ("filters", "kernel_size", "kind", "groups", "gain")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _turns(channels, groups):
    """The group of each channel, int (channels,)."""
    return np.arange(channels) * groups // channels


def _check(kernel_size, kind, inputs, outputs, groups):
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(f"kernel_size={kernel_size} must be odd, so that a pixel is in its middle")
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} must be one of {', '.join(KINDS)}")
    if not 1 <= groups <= min(inputs, outputs):
        raise ValueError(
            f"{groups} groups of channels need as many channels; got {inputs} in, {outputs} out"
        )
