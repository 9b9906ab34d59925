"""Frames at the rate of samples."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class FrameUpsampling(keras.layers.Layer):
    """Brings frames to the rate of samples by a transposed convolution over time.

    Its kernel spans two frames and is shared by the channels; it begins as the mean of the two
    frames nearest to a sample and learns to interpolate.

    Args:
        hop: samples a frame.

    Call arguments:
        inputs: pair of frames (B, F, C) and a sequence (B, T, ...) with T at most F * hop.

    Returns:
        (B, T, C).
    """

    def __init__(self, hop, **kwargs):
        super().__init__(**kwargs)
        self.hop = hop

    def build(self, input_shape):
        self.interpolation = keras.layers.Conv2DTranspose(
            1,
            (2 * self.hop, 1),
            strides=(self.hop, 1),
            padding="same",
            use_bias=False,
            kernel_initializer=keras.initializers.Constant(0.5),
            dtype=self.dtype_policy,
        )
        self.interpolation.build((None, None, None, 1))

    def call(self, inputs):
        frames, samples = inputs
        return self.upsample(frames)[:, : ops.shape(samples)[1]]

    def upsample(self, frames):
        """Returns (B, F * hop, C) for (B, F, C)."""
        return self.interpolation(frames[..., None])[..., 0]

    def compute_output_shape(self, input_shape):
        frames, samples = input_shape
        return (frames[0], samples[1], frames[-1])

    def get_config(self):
        return {**super().get_config(), "hop": self.hop}
