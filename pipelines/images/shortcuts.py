"""What is taken from parts of a picture, so that they cannot be placed without looking at objects.

Lenses bend colors differently, more so toward the edges of a picture: fringes of green and magenta
tell where a part was (chromatic aberration). Brightness and contrast run on from part to part.
"""

import tensorflow as tf

NOISE = 0.5 / 255  # in place of the colors that are dropped, to either side
DEVIATION = 0.25  # of the pixels of an evened part, about that of photographs
LEAST_DEVIATION = 1 / 255  # of a flat part, which has no contrast to even out
_FRINGE = (-1.0, 2.0, -1.0)  # from magenta to green


def drop_colors(parts, key):
    """Keeps one random channel of each part, and puts faint noise in the place of the others.

    Args:
        parts: float32 tensor (N, S, S, 3) in [0, 1], of static shape.
        key: int (2,), the seed.

    Returns:
        float32 tensor (N, S, S, 3), each channel around a mean of 0.
    """
    kept_key, noise_key = tf.unstack(tf.random.experimental.stateless_split(key, 2))
    kept = tf.random.stateless_uniform([parts.shape[0]], kept_key, 0, 3, tf.int32)
    kept = tf.one_hot(kept, 3)[:, tf.newaxis, tf.newaxis]
    noise = tf.random.stateless_uniform(parts.shape, noise_key, -NOISE, NOISE)
    means = tf.reduce_mean(parts, axis=(1, 2), keepdims=True)
    return kept * (parts - means) + (1.0 - kept) * noise


def project_colors(parts):
    """Takes from each color its share along the line from magenta to green.

    Args:
        parts: float32 tensor (..., 3).

    Returns:
        float32 tensor (..., 3).
    """
    fringe = tf.constant(_FRINGE) / tf.norm(tf.constant(_FRINGE))
    return parts - tf.reduce_sum(parts * fringe, axis=-1, keepdims=True) * fringe


def even_contrast(parts):
    """Gives all parts the same brightness and contrast.

    Args:
        parts: float32 tensor (N, S, S, 3).

    Returns:
        float32 tensor (N, S, S, 3) in [0, 1]: the mean of each part is 0.5, the deviation from it
        of the channel that has most is 0.25, and what lies beyond two deviations is clipped.
    """
    parts = parts - tf.reduce_mean(parts, axis=(1, 2, 3), keepdims=True)
    channels = tf.reduce_mean(parts**2, axis=(1, 2), keepdims=True)
    deviation = tf.sqrt(tf.reduce_max(channels, axis=3, keepdims=True))
    scaled = parts * (DEVIATION / tf.maximum(deviation, LEAST_DEVIATION))
    return tf.clip_by_value(0.5 + scaled, 0.0, 1.0)
