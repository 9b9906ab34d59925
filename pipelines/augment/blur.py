"""Pictures seen out of focus."""

import tensorflow as tf

_KERNEL = 0.1  # of the height: SimCLR's


def random_blur(images, draws, share, sigma=(0.1, 2.0)):
    """Blurs some pictures with a Gaussian as SimCLR does (arXiv 2002.05709, appendix A).

    The kernel is the odd number of pixels that 10 % of the height falls on or below, 3 at least;
    beyond the edges the picture is mirrored, where SimCLR's own code has black.

    Args:
        images: float32 tensor (B, H, W, C) in [0, 1], of static height and width.
        draws: float32 tensor (B, 2), uniform in [0, 1): whether, and how much.
        share: probability, 0 to 1.
        sigma: smallest and largest standard deviation in pixels, above 0; uniform between.

    Returns:
        float32 tensor (B, H, W, C) in [0, 1].
    """
    height, width = images.shape[1:3]
    radius = max(1, int(_KERNEL * height) // 2)
    sigmas = sigma[0] + (sigma[1] - sigma[0]) * draws[:, 1]
    blurred = tf.einsum("bij,bjwc->biwc", _matrix(height, radius, sigmas), images)
    blurred = tf.einsum("bij,bhjc->bhic", _matrix(width, radius, sigmas), blurred)
    chosen = tf.reshape(draws[:, 0] < share, [-1, 1, 1, 1])
    return tf.where(chosen, tf.clip_by_value(blurred, 0.0, 1.0), images)


def _matrix(size, radius, sigmas):
    """Returns what blurs a column of pixels by multiplication, float32 (B, size, size)."""
    offsets = tf.range(-radius, radius + 1)
    weights = tf.nn.softmax(-0.5 * (tf.cast(offsets, tf.float32) / sigmas[:, tf.newaxis]) ** 2)
    places = tf.abs(tf.range(size)[:, tf.newaxis] + offsets)
    places = (size - 1) - tf.abs((size - 1) - places)
    return tf.einsum("bk,ikj->bij", weights, tf.one_hot(places, size))
