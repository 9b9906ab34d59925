"""Pictures seen out of focus."""

import tensorflow as tf

_KERNEL = 0.1  # of the height: SimCLR's


def random_blur(columns, draws, share, sigma=(0.1, 2.0)):
    """Blurs some pictures with a Gaussian as SimCLR does (arXiv 2002.05709, appendix A).

    The kernel reaches int(0.1 height) // 2 pixels each way, 1 at least. Beyond the edges the
    picture is mirrored, as torchvision has it; SimCLR's own code has black there.

    Args:
        columns: float32 tensor (B, W, C, H) in [0, 1], of static shape but for B.
        draws: float32 tensor (B, 2), uniform in [0, 1): whether, and how much.
        share: probability, 0 to 1.
        sigma: smallest and largest standard deviation in pixels, above 0; uniform between.

    Returns:
        float32 tensor (B, W, C, H) in [0, 1].
    """
    height = columns.shape[3]
    radius = min(max(1, int(_KERNEL * height) // 2), height - 1)
    sigmas = sigma[0] + (sigma[1] - sigma[0]) * draws[:, 1:]
    distances = tf.range(-radius, radius + 1, dtype=tf.float32)
    weights = tf.nn.softmax(-0.5 * (distances / sigmas) ** 2)
    chosen = draws[:, 0] < share

    def blurred():
        both = _along(3, _along(1, columns, weights, radius), weights, radius)
        return tf.where(tf.reshape(chosen, [-1, 1, 1, 1]), both, columns)

    return tf.cond(tf.reduce_any(chosen), blurred, lambda: columns)


def _along(axis, columns, weights, radius):
    """Filters along an axis with weights (B, 2 radius + 1)."""
    around = [[0, 0]] * 4
    around[axis] = [radius, radius]
    padded = tf.pad(columns, around, "REFLECT")
    total = 0.0
    for number in range(2 * radius + 1):
        begin = [0] * 4
        begin[axis] = number
        part = tf.slice(padded, begin, [-1, *columns.shape[1:]])
        total += tf.reshape(weights[:, number], [-1, 1, 1, 1]) * part
    return total
