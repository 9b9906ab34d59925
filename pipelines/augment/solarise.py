"""Pictures with their bright parts inverted."""

import tensorflow as tf


def random_solarise(columns, draws, share, threshold=0.5):
    """Inverts the values of some pictures that reach a threshold, as in BYOL's second view.

    Args:
        columns: float32 tensor (B, W, C, H) in [0, 1].
        draws: float32 tensor (B,), uniform in [0, 1).
        share: probability, 0 to 1.
        threshold: x becomes 1 - x where x >= threshold.

    Returns:
        float32 tensor (B, W, C, H) in [0, 1].
    """
    chosen = tf.reshape(draws < share, [-1, 1, 1, 1])
    return tf.where(chosen & (columns >= threshold), 1.0 - columns, columns)
