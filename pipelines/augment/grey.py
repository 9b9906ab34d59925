"""Pictures without their colour."""

import tensorflow as tf

# ITU-R BT.601, rounded as torchvision and tf.image.rgb_to_grayscale have them.
_WEIGHTS = (0.2989, 0.587, 0.114)


def luma(columns):
    """Returns how bright each pixel looks, float32 (B, W, 1, H), of RGB (B, W, 3, H)."""
    red, green, blue = tf.split(columns, 3, axis=2)
    return _WEIGHTS[0] * red + _WEIGHTS[1] * green + _WEIGHTS[2] * blue


def random_grey(columns, draws, share):
    """Takes the colour out of some pictures.

    Args:
        columns: float32 tensor (B, W, 3, H) in [0, 1].
        draws: float32 tensor (B,), uniform in [0, 1).
        share: probability, 0 to 1.

    Returns:
        float32 tensor (B, W, 3, H) in [0, 1].
    """
    chosen = tf.reshape(draws < share, [-1, 1, 1, 1])
    return tf.where(chosen, luma(columns), columns)
