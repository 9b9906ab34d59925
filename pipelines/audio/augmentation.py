"""Sound made louder, noisier, faster, or without a band or a part of it."""

import math

import tensorflow as tf


def random_gain(wave, draws, decibels, probability):
    """Multiplies a waveform by 10 ** (gain / 20).

    Args:
        wave: float32 tensor (T,).
        draws: float32 tensor (2,), uniform in [0, 1): whether, and how much.
        decibels: lowest and highest gain; uniform between.
        probability: probability, 0 to 1.

    Returns:
        float32 tensor (T,); not clipped.
    """
    gain = decibels[0] + (decibels[1] - decibels[0]) * draws[1]
    return tf.where(draws[0] < probability, wave * 10.0 ** (gain / 20.0), wave)


def random_noise(wave, noise, draws, decibels, probability):
    """Adds noise, or another sound, at a ratio of power to the sound.

    Args:
        wave: float32 tensor (T,).
        noise: float32 tensor (T,); how loud it is does not matter.
        draws: float32 tensor (2,), uniform in [0, 1): whether, and how much.
        decibels: lowest and highest ratio of the sound's power to the noise's; uniform between.
        probability: probability, 0 to 1.

    Returns:
        float32 tensor (T,); not clipped.
    """
    ratio = decibels[0] + (decibels[1] - decibels[0]) * draws[1]
    powers = tf.reduce_sum(wave**2), tf.reduce_sum(noise**2)
    level = tf.sqrt(tf.math.divide_no_nan(*powers)) * 10.0 ** (-ratio / 20.0)
    return tf.where(draws[0] < probability, wave + level * noise, wave)


def random_speed(wave, draws, most, samples):
    """Plays the first part of a waveform at another speed, which changes its pitch as well.

    It is resampled by a windowed sinc (Lanczos, five lobes) below the lower of both Nyquist
    frequencies.

    Args:
        wave: float32 tensor (T,), T at least ceil(samples * most).
        draws: float32 tensor (1,), uniform in [0, 1).
        most: how many times as fast at most, and as slow, 1 or more; its logarithm is uniform.
        samples: length of the result.

    Returns:
        (float32 tensor (samples,); int32 scalar tensor, how many samples of `wave` it shows).
    """
    factor = tf.exp((2.0 * draws[0] - 1.0) * math.log(most))
    taken = tf.cast(tf.math.ceil(samples * factor), tf.int32)
    taken = tf.minimum(taken, tf.shape(wave)[0])
    resampled = tf.raw_ops.ScaleAndTranslate(
        images=tf.reshape(wave[:taken], [1, taken, 1, 1]),
        size=[samples, 1],
        scale=tf.stack([samples / tf.cast(taken, tf.float32), 1.0]),
        translation=[0.0, 0.0],
        kernel_type="lanczos5",
        antialias=True,
    )
    return tf.reshape(resampled, [samples]), taken


def random_time_mask(wave, draws, longest, probability):
    """Silences a span, which is SpecAugment's time mask (arXiv 1904.08779) before the spectrogram.

    Args:
        wave: float32 tensor (T,).
        draws: float32 tensor (3,), uniform in [0, 1): whether, how long, and where.
        longest: share of the waveform, 0 to 1; lengths are uniform up to it, begins uniform.
        probability: probability, 0 to 1.

    Returns:
        float32 tensor (T,).
    """
    count = tf.cast(tf.shape(wave)[0], tf.float32)
    length = tf.floor(draws[1] * (longest * count + 1.0))
    begin = tf.floor(draws[2] * (count - length + 1.0))
    place = tf.range(count)
    inside = (place >= begin) & (place < begin + length)
    return tf.where(inside & (draws[0] < probability), 0.0, wave)


def random_frequency_mask(wave, draws, sample_rate, widest, probability):
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
        probability: probability, 0 to 1.

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
    return tf.where(draws[0] < probability, masked, wave)
