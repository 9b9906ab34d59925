"""Jukebox's residual unit: a dilated convolution that sees ahead as far as back."""

import keras
from keras import ops

RESIDUAL = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")


@keras.saving.register_keras_serializable("mmssl")
class DilatedUnit(keras.layers.Layer):
    """Adds what a dilated convolution of three taps makes of a sequence.

        y_t = x_t + W relu(V [relu(x_{t-d}), relu(x_t), relu(x_{t+d})])

    Beyond its ends a sequence is zero, and so are frames of padding: both are silent alike.

    Args:
        width: channels of the convolution; those of x are kept.
        dilation: d, frames between two taps, 1 or more; may exceed T.

    Call arguments:
        x: (B, T, C).
        mask: int32 (B, T), 1 for frames and 0 for padding after them; None for no padding.

    Returns:
        (B, T, C).

    Reference:
        Dhariwal et al. 2020, arXiv 2005.00341.
    """

    def __init__(self, width, dilation=1, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.dilation = dilation

    def build(self, x_shape, mask_shape=None):
        channels = x_shape[-1]
        # A matrix on shifted copies: no backend has a kernel for the gradients of dilated
        # convolutions on processors, and LiteRT none for sequences of any length.
        self.convolution = keras.layers.Dense(self.width, "relu", dtype=self.dtype_policy)
        self.convolution.build((None, 3 * channels))
        # Small, so that the stream does not grow with the number of units.
        self.projection = keras.layers.Dense(
            channels, kernel_initializer=RESIDUAL, dtype=self.dtype_policy
        )
        self.projection.build((None, self.width))

    def call(self, x, mask=None):
        seen = ops.relu(x)
        if mask is not None:
            seen = ops.where(mask[..., None] > 0, seen, 0)
        around = ops.pad(seen, [[0, 0], [self.dilation, self.dilation], [0, 0]])
        back, ahead = around[:, : -2 * self.dilation], around[:, 2 * self.dilation :]
        return x + self.projection(self.convolution(ops.concatenate([back, seen, ahead], axis=-1)))

    def compute_output_spec(self, x, mask=None):
        return keras.KerasTensor(x.shape, dtype=self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "width": self.width, "dilation": self.dilation}
