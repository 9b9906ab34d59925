"""Sound played faster or slower, higher or lower with it."""

import math

import tensorflow as tf


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
