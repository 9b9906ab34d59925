"""Mu-law companding: waveforms as codes, with finer steps where sound is quiet."""

import math

import keras
from keras import ops


def mu_law_encode(waveform, levels=256):
    """Turns samples into codes.

    With mu = levels - 1:

        f(x) = sign(x) ln(1 + mu |x|) / ln(1 + mu);   code = floor((f + 1) / 2 * mu + 0.5)

    Args:
        waveform: float32, any shape, full scale 1; clipped to [-1, 1].
        levels: number of codes, 2 or more.

    Returns:
        int32 of the same shape, 0 to levels - 1. Rounding makes the codes mirror images: x near
        zero is levels / 2 from above and levels / 2 - 1 from below.

    Reference:
        ITU-T G.711; van den Oord et al. 2016, arXiv 1609.03499, section 2.2.
    """
    mu = levels - 1
    x = ops.clip(waveform, -1.0, 1.0)
    compressed = ops.sign(x) * ops.log1p(mu * ops.abs(x)) / math.log(levels)
    return ops.cast(ops.floor((compressed + 1) / 2 * mu + 0.5), "int32")


def mu_law_decode(codes, levels=256):
    """Turns codes back into samples, the middles of their steps.

    Args:
        codes: int32, any shape, 0 to levels - 1.
        levels: number of codes.

    Returns:
        float32 of the same shape, in [-1, 1]; none is exactly zero when `levels` is even.
    """
    mu = levels - 1
    compressed = 2 * ops.cast(codes, "float32") / mu - 1
    return ops.sign(compressed) * ops.expm1(ops.abs(compressed) * math.log(levels)) / mu


@keras.saving.register_keras_serializable("mmssl")
class MuLaw(keras.layers.Layer):
    """`mu_law_encode` as a layer.

    Args:
        levels: number of codes, 2 or more.

    Call arguments:
        waveform: float32 (B, T), full scale 1.

    Returns:
        int32 (B, T).
    """

    def __init__(self, levels=256, **kwargs):
        super().__init__(**kwargs)
        self.levels = levels

    def call(self, waveform):
        return mu_law_encode(waveform, self.levels)

    def get_config(self):
        return {**super().get_config(), "levels": self.levels}
