"""Sound with a part silenced."""

import tensorflow as tf


def random_time_mask(wave, draws, longest, share):
    """Silences a span, which is SpecAugment's time mask (arXiv 1904.08779) before the spectrogram.

    Args:
        wave: float32 tensor (T,).
        draws: float32 tensor (3,), uniform in [0, 1): whether, how long, and where.
        longest: share of the waveform, 0 to 1; lengths are uniform up to it, begins uniform.
        share: probability, 0 to 1.

    Returns:
        float32 tensor (T,).
    """
    count = tf.cast(tf.shape(wave)[0], tf.float32)
    length = tf.floor(draws[1] * (longest * count + 1.0))
    begin = tf.floor(draws[2] * (count - length + 1.0))
    place = tf.range(count)
    inside = (place >= begin) & (place < begin + length)
    return tf.where(inside & (draws[0] < share), 0.0, wave)
