"""Positions told by a bias of the attention: what is far away counts less."""

import math

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class LinearBias(keras.layers.Layer):
    """Gives what attention adds to its scores under ALiBi (Press et al. 2021, 2108.12409).

        bias_hij = -scale_h slope_h |i - j|

    The paper's attention looks back alone, and so does KerasHub's AlibiBias; the distance makes it
    symmetric, as the official code of data2vec 2.0 does. The slopes of n heads, n a power of two,
    are 2^(-8 / n), 2^(-16 / n), ..., 2^-8. Other numbers of heads take those of the next power of
    two below and then, as the paper's code, every other one of twice as many.

    Args:
        heads: attention heads, at least 1.
        learned: whether each head has a learned scale, which starts at 1 and below 0 counts as 0;
            it is 1 otherwise.

    Call arguments:
        places: int32 (B or 1, T), where the tokens stand.

    Returns:
        float32 (B or 1, heads, T, T), query by key.
    """

    def __init__(self, heads, learned=False, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads
        self.learned = learned

    def build(self, places_shape):
        self.slopes = slopes(self.heads).astype("float32")[:, None, None]
        self.scale = None
        if self.learned:
            # One axis, so that optimizers spare it from decay. Distances reach into the thousands:
            # no lower precision.
            self.scale = self.add_weight((self.heads,), "ones", name="scale", autocast=False)

    def call(self, places):
        places = ops.cast(places, "float32")
        apart = ops.abs(places[:, None, :, None] - places[:, None, None])
        if self.scale is None:
            return -self.slopes * apart
        return -self.slopes * ops.maximum(self.scale, 0.0)[:, None, None] * apart

    def compute_output_spec(self, places):
        rows, length = places.shape
        return keras.KerasTensor((rows, self.heads, length, length), dtype="float32")

    def get_config(self):
        return {**super().get_config(), "heads": self.heads, "learned": self.learned}


def slopes(heads):
    """Lists ALiBi's slopes.

    Args:
        heads: attention heads, at least 1.

    Returns:
        float64 array (heads,).
    """
    whole = 2 ** int(math.log2(heads))
    between = np.arange(heads - whole) + 0.5
    return 2.0 ** (-8.0 / whole * np.concatenate([np.arange(whole) + 1, between]))
