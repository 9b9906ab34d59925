"""What networks over pictures in raster order are given: levels of intensity, or codes."""

import keras
from keras import ops


def to_intensities(images, levels):
    """Returns the level of each value: from float32 (...) in [0, 1] to int32 (...)."""
    return ops.cast(ops.clip(ops.floor(images * levels), 0, levels - 1), "int32")


def from_intensities(intensities, levels):
    """Returns the values of levels, 0 for the first and 1 for the last: float32 (...)."""
    return ops.cast(intensities, "float32") / (levels - 1)


@keras.saving.register_keras_serializable("mmssl")
class Intensities(keras.layers.Layer):
    """Rounds pictures to a number of levels, from -1 to 1.

    Args:
        levels: number of levels, 2 to 256.
        gray: take the mean of the three channels.

    Attributes:
        channels: values of a pixel, 1 or 3.

    Call arguments:
        images: float32 (B, H, W, 3) in [0, 1].

    Returns:
        float32 (B, H, W, channels).

    Raises:
        ValueError: `levels` is out of range.
    """

    def __init__(self, levels, gray=True, **kwargs):
        super().__init__(**kwargs)
        if not 2 <= levels <= 256:
            raise ValueError(f"Intensities(levels={levels}) must be from 2 to 256.")
        self.levels, self.gray = levels, gray
        self.channels = 1 if gray else 3

    def call(self, images):
        values = ops.mean(images, axis=-1, keepdims=True) if self.gray else images
        return self.embed(to_intensities(values, self.levels))

    def embed(self, intensities):
        """Returns what the network is given of levels int32 (..., channels): the same, float32."""
        return 2.0 * from_intensities(intensities, self.levels) - 1.0

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.channels)

    def get_config(self):
        return {**super().get_config(), "levels": self.levels, "gray": self.gray}


@keras.saving.register_keras_serializable("mmssl")
class CodeVectors(keras.layers.Embedding):
    """A vector for each entry of a codebook, learned anew; the attributes of `Intensities`."""

    channels = 1

    @property
    def levels(self):
        """Number of entries."""
        return self.input_dim

    def embed(self, codes):
        """Returns the vectors of codes int32 (..., 1): (..., width)."""
        return ops.take(ops.convert_to_tensor(self.embeddings), codes[..., 0], axis=0)
