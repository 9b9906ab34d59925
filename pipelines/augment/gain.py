"""Sound made louder or quieter."""

import tensorflow as tf


def random_gain(wave, draws, decibels, share):
    """Multiplies a waveform by 10 ** (gain / 20).

    Args:
        wave: float32 tensor (T,).
        draws: float32 tensor (2,), uniform in [0, 1): whether, and how much.
        decibels: lowest and highest gain; uniform between.
        share: probability, 0 to 1.

    Returns:
        float32 tensor (T,); not clipped.
    """
    gain = decibels[0] + (decibels[1] - decibels[0]) * draws[1]
    return tf.where(draws[0] < share, wave * 10.0 ** (gain / 20.0), wave)
