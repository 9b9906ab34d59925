"""Pictures without their colour."""

import tensorflow as tf

# ITU-R BT.601, rounded as torchvision and tf.image.rgb_to_grayscale have them.
_WEIGHTS = (0.2989, 0.587, 0.114)


def luma(images):
    """Returns how bright each pixel looks, float32 (B, H, W, 1), of RGB (B, H, W, 3)."""
    red, green, blue = tf.split(images, 3, axis=-1)
    return _WEIGHTS[0] * red + _WEIGHTS[1] * green + _WEIGHTS[2] * blue


def random_grey(images, draws, share):
    """Takes the colour out of some pictures.

    Args:
        images: float32 tensor (B, H, W, 3) in [0, 1].
        draws: float32 tensor (B,), uniform in [0, 1).
        share: probability, 0 to 1.

    Returns:
        float32 tensor (B, H, W, 3) in [0, 1].
    """
    chosen = tf.reshape(draws < share, [-1, 1, 1, 1])
    return tf.where(chosen, luma(images), images)
