"""Sound with something else under it."""

import tensorflow as tf


def random_noise(wave, noise, draws, decibels, share):
    """Adds noise, or another sound, at a ratio of power to the sound.

    Args:
        wave: float32 tensor (T,).
        noise: float32 tensor (T,); how loud it is does not matter.
        draws: float32 tensor (2,), uniform in [0, 1): whether, and how much.
        decibels: lowest and highest ratio of the sound's power to the noise's; uniform between.
        share: probability, 0 to 1.

    Returns:
        float32 tensor (T,); not clipped.
    """
    ratio = decibels[0] + (decibels[1] - decibels[0]) * draws[1]
    powers = tf.reduce_sum(wave**2), tf.reduce_sum(noise**2)
    level = tf.sqrt(tf.math.divide_no_nan(*powers)) * 10.0 ** (-ratio / 20.0)
    return tf.where(draws[0] < share, wave + level * noise, wave)
