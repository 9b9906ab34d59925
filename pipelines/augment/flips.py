"""Pictures seen in a mirror."""

import tensorflow as tf


def random_mirror(images, draws):
    """Mirrors half of the pictures left to right.

    Args:
        images: tensor (B, H, W, C).
        draws: float32 tensor (B,), uniform in [0, 1); below one half mirrors.

    Returns:
        tensor (B, H, W, C).
    """
    mirrored = tf.reshape(draws < 0.5, [-1, 1, 1, 1])
    return tf.where(mirrored, tf.reverse(images, [2]), images)
