"""Sound without a band of its frequencies."""

import math

import tensorflow as tf


def random_frequency_mask(wave, draws, sample_rate, widest, share):
    """Takes a band out, which is SpecAugment's frequency mask (arXiv 1904.08779) for waveforms.

    The band is cut out of the Fourier transform of the whole waveform, so it is missing at all
    times, its edges are sharp, and no frame length has to be chosen. It is drawn on the mel scale,
    2595 log10(1 + f / 700), as SpecAugment counts mel channels.

    Args:
        wave: float32 tensor (T,) of static T.
        draws: float32 tensor (3,), uniform in [0, 1): whether, how wide, and where.
        sample_rate: samples per second, above 0.
        widest: share of the mel scale up to half the sample rate, 0 to 1; widths are uniform up to
            it, lower edges uniform.
        share: probability, 0 to 1.

    Returns:
        float32 tensor (T,).
    """
    count = wave.shape[0]
    spectrum = tf.signal.rfft(wave)
    frequency = tf.range(spectrum.shape[0], dtype=tf.float32) * sample_rate / count
    mel = tf.math.log1p(frequency / 700.0) / math.log1p(sample_rate / 1400.0)
    width = draws[1] * widest
    low = draws[2] * (1.0 - width)
    outside = tf.cast((mel < low) | (mel >= low + width), tf.complex64)
    masked = tf.signal.irfft(spectrum * outside, fft_length=[count])
    return tf.where(draws[0] < share, masked, wave)
