"""Learned position embeddings."""

import keras
import numpy as np
from keras import ops
from keras_hub.layers import PositionEmbedding


@keras.saving.register_keras_serializable("mmssl")
class SinusoidalInitializer(keras.initializers.Initializer):
    """Initializes a position embedding to sines and cosines (Vaswani et al. 2017, 1706.03762).

    Neighboring positions are then similar, and a fixed offset is the same rotation everywhere, so
    attention to neighbors is learned in hundreds of steps instead of thousands.

    Args:
        stddev: root mean square of the embeddings.
    """

    def __init__(self, stddev=0.02):
        self.stddev = stddev

    def __call__(self, shape, dtype=None):
        length, width = shape
        rates = 10000.0 ** (-2.0 * (np.arange(width) // 2) / width)
        angles = np.arange(length)[:, None] * rates
        waves = np.where(np.arange(width) % 2, np.cos(angles), np.sin(angles))
        return ops.convert_to_tensor(self.stddev * 2**0.5 * waves, dtype=dtype)

    def get_config(self):
        return {"stddev": self.stddev}


def position_table(length, stddev=0.02):
    """Builds the layer `position_embedding`: a learned table initialized to sinusoids.

    Args:
        length: maximum sequence length, in tokens.
        stddev: initial root mean square of the embeddings.

    Returns:
        keras_hub.layers.PositionEmbedding, from tokens (B, L, C) to the embeddings to add to them.
    """
    return PositionEmbedding(
        length, initializer=SinusoidalInitializer(stddev), name="position_embedding"
    )
