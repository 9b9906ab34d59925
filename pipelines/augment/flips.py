"""Pictures seen in a mirror."""

import tensorflow as tf


def random_mirror(columns, draws):
    """Mirrors half of the pictures left to right.

    Args:
        columns: tensor (B, W, C, H).
        draws: float32 tensor (B,), uniform in [0, 1); below one half mirrors.

    Returns:
        tensor (B, W, C, H).
    """
    mirrored = tf.reshape(draws < 0.5, [-1, 1, 1, 1])
    return tf.where(mirrored, tf.reverse(columns, [1]), columns)
