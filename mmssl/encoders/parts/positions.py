"""Tables of positions."""

import keras
import numpy as np
from keras import ops
from keras_hub.layers import PositionEmbedding


@keras.saving.register_keras_serializable("mmssl")
class SinusoidalInitializer(keras.initializers.Initializer):
    """Starts a position table as sines and cosines (Vaswani et al. 2017, 1706.03762).

    Neighboring positions are then alike, and a fixed offset is a rotation, the same everywhere:
    attention to neighbors is found in hundreds of steps instead of thousands.

    Args:
        stddev: root mean square of the table.
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
    """Builds the layer `position_embedding`: a learned table that starts as waves.

    Args:
        length: longest sequence, in tokens.
        stddev: root mean square of the table at its start.

    Returns:
        keras_hub.layers.PositionEmbedding, from tokens (B, L, C) to what is added to them.
    """
    return PositionEmbedding(
        length, initializer=SinusoidalInitializer(stddev), name="position_embedding"
    )
