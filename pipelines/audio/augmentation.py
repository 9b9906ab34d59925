"""Audio augmentations: gain, additive noise, speed, time masks and frequency masks."""

import math

import tensorflow as tf


def random_gain(wave, draws, gain_db, probability):
    """Multiplies a waveform by 10 ** (gain / 20).

    Args:
        wave: float32 tensor (T,).
        draws: float32 tensor (2,), uniform in [0, 1): whether to change it, and how much.
        gain_db: lowest and highest gain in dB; uniform in between.
        probability: probability, 0 to 1.

    Returns:
        float32 tensor (T,); not clipped.
    """
    gain = gain_db[0] + (gain_db[1] - gain_db[0]) * draws[1]
    return tf.where(draws[0] < probability, wave * 10.0 ** (gain / 20.0), wave)


def random_noise(wave, noise, draws, snr_db, probability):
    """Adds noise, or another recording, at a random signal-to-noise ratio.

    Args:
        wave: float32 tensor (T,).
        noise: float32 tensor (T,), of any level.
        draws: float32 tensor (2,), uniform in [0, 1): whether to add it, and how much.
        snr_db: lowest and highest signal-to-noise ratio in dB; uniform in between.
        probability: probability, 0 to 1.

    Returns:
        float32 tensor (T,); not clipped.
    """
    snr = snr_db[0] + (snr_db[1] - snr_db[0]) * draws[1]
    powers = tf.reduce_sum(wave**2), tf.reduce_sum(noise**2)
    level = tf.sqrt(tf.math.divide_no_nan(*powers)) * 10.0 ** (-snr / 20.0)
    return tf.where(draws[0] < probability, wave + level * noise, wave)


def random_speed(wave, draws, max_factor, samples):
    """Changes the speed of the beginning of a waveform, and its pitch with it.

    It is resampled with a windowed sinc (Lanczos, five lobes) below the lower of the two Nyquist
    frequencies.

    Args:
        wave: float32 tensor (T,), T at least ceil(samples * max_factor).
        draws: float32 tensor (1,), uniform in [0, 1).
        max_factor: largest speed factor, 1 or more; the logarithm of the factor is uniform between
            those of 1 / max_factor and max_factor.
        samples: length of the result.

    Returns:
        (float32 tensor (samples,); int32 scalar tensor, the number of samples of `wave` used).
    """
    factor = tf.exp((2.0 * draws[0] - 1.0) * math.log(max_factor))
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


def random_time_mask(wave, draws, max_fraction, probability):
    """Silences a span: SpecAugment's time mask (arXiv 1904.08779), applied to waveforms.

    Args:
        wave: float32 tensor (T,).
        draws: float32 tensor (3,), uniform in [0, 1): whether to mask, how long, and where.
        max_fraction: longest span as a fraction of the waveform, 0 to 1; lengths are uniform up to
            it, and so are starts.
        probability: probability, 0 to 1.

    Returns:
        float32 tensor (T,).
    """
    count = tf.cast(tf.shape(wave)[0], tf.float32)
    length = tf.floor(draws[1] * (max_fraction * count + 1.0))
    start = tf.floor(draws[2] * (count - length + 1.0))
    position = tf.range(count)
    inside = (position >= start) & (position < start + length)
    return tf.where(inside & (draws[0] < probability), 0.0, wave)


def random_frequency_mask(wave, draws, sample_rate, max_fraction, probability):
    """Removes a band: SpecAugment's frequency mask (arXiv 1904.08779), applied to waveforms.

    The band is zeroed in the Fourier transform of the whole waveform, so it is missing at all
    times, its edges are sharp, and no frame length has to be chosen. It is drawn on the mel scale,
    2595 log10(1 + f / 700), as SpecAugment masks mel channels.

    Args:
        wave: float32 tensor (T,) of static T.
        draws: float32 tensor (3,), uniform in [0, 1): whether to mask, how wide, and where.
        sample_rate: samples per second, above 0.
        max_fraction: widest band as a fraction of the mel scale up to half the sample rate, 0 to
            1; widths are uniform up to it, and so are lower edges.
        probability: probability, 0 to 1.

    Returns:
        float32 tensor (T,).
    """
    count = wave.shape[0]
    spectrum = tf.signal.rfft(wave)
    frequency = tf.range(spectrum.shape[0], dtype=tf.float32) * sample_rate / count
    mel = tf.math.log1p(frequency / 700.0) / math.log1p(sample_rate / 1400.0)
    width = draws[1] * max_fraction
    low = draws[2] * (1.0 - width)
    outside = tf.cast((mel < low) | (mel >= low + width), tf.complex64)
    masked = tf.signal.irfft(spectrum * outside, fft_length=[count])
    return tf.where(draws[0] < probability, masked, wave)
