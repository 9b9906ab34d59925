"""Image augmentations: horizontal flip, grayscale, color jitter, blur, solarization."""

import tensorflow as tf

# ITU-R BT.601, rounded as in torchvision and tf.image.rgb_to_grayscale.
_WEIGHTS = (0.2989, 0.587, 0.114)
JITTER_DRAWS = 9
_KERNEL = 0.1  # of the height, as in SimCLR


def random_horizontal_flip(columns, draws):
    """Flips half of the images left to right.

    Args:
        columns: tensor (B, W, C, H).
        draws: float32 tensor (B,), uniform in [0, 1); an image is flipped where it is below 0.5.

    Returns:
        tensor (B, W, C, H).
    """
    flipped = tf.reshape(draws < 0.5, [-1, 1, 1, 1])
    return tf.where(flipped, tf.reverse(columns, [1]), columns)


def luma(columns):
    """Returns the luma of each pixel, float32 (B, W, 1, H), of RGB (B, W, 3, H)."""
    red, green, blue = tf.split(columns, 3, axis=2)
    return _WEIGHTS[0] * red + _WEIGHTS[1] * green + _WEIGHTS[2] * blue


def random_grayscale(columns, draws, probability):
    """Converts some images to grayscale.

    Args:
        columns: float32 tensor (B, W, 3, H) in [0, 1].
        draws: float32 tensor (B,), uniform in [0, 1).
        probability: probability, 0 to 1.

    Returns:
        float32 tensor (B, W, 3, H) in [0, 1].
    """
    chosen = tf.reshape(draws < probability, [-1, 1, 1, 1])
    return tf.where(chosen, luma(columns), columns)


def random_color_jitter(columns, draws, strengths, probability):
    """Jitters the colors of some images (Chen et al. 2020, arXiv 2002.05709, appendix A).

    Brightness, contrast and saturation are x f + (1 - f) t, clipped to [0, 1], where t is black,
    the mean luma of the image, and the luma of each pixel, and f is uniform in
    [max(0, 1 - s), 1 + s]. This is the form of torchvision; docs/views.md says what SimCLR and
    BYOL have in its place. Hue is rotated in HSV, as in tf.image.adjust_hue and torchvision, by a
    fraction of a full turn that is uniform in [-s, s]. All 24 orders are equally likely.

    Args:
        columns: float32 tensor (B, W, 3, H) in [0, 1].
        draws: float32 tensor (B, 9), uniform in [0, 1): whether to jitter, the four factors, four
            numbers that give the order.
        strengths: s of brightness, contrast and saturation, 0 or more; of hue, 0 to 0.5.
        probability: probability, 0 to 1.

    Returns:
        float32 tensor (B, W, 3, H) in [0, 1].
    """
    return color_jitter(columns, *jitter_factors(draws, strengths, probability))


def check_jitter(strengths):
    """Raises a ValueError for strengths that `random_color_jitter` does not accept."""
    if min(strengths) < 0 or strengths[3] > 0.5:
        raise ValueError(f"jitter={strengths} must be 0 or more, and its last number at most 0.5")


def jitter_factors(draws, strengths, probability):
    """Turns draws into the arguments of `color_jitter`; see `random_color_jitter`."""
    chosen, factors, order = tf.split(draws, [1, 4, 4], axis=1)
    low = [max(0.0, 1.0 - s) for s in strengths[:3]] + [-strengths[3]]
    high = [1.0 + s for s in strengths[:3]] + [strengths[3]]
    factors = low + (tf.constant(high) - low) * factors
    factors = tf.where(chosen < probability, factors, [1.0, 1.0, 1.0, 0.0])
    return ordered_blends(factors[:, :3], factors[:, 3], order)


def ordered_blends(factors, turns, order):
    """Expresses four changes in any order as three blends, a rotation of the hue, three blends.

    The rotation is the slowest step, so it is done once, and each blend comes before or after it.

    Args:
        factors: float32 tensor (B, 3), of brightness, contrast and saturation; 1 changes nothing.
        turns: float32 tensor (B,), rotation of the hue, in [-0.5, 0.5]; 0 changes nothing.
        order: float32 tensor (B, 4): the changes are applied in ascending order of these numbers.

    Returns:
        (before float32 (B, 3, 3), turns, after float32 (B, 3, 3)): for each blend, the weights of
        the pixel, the mean luma of the image and the luma of the pixel.
    """
    blend_order = tf.argsort(order[:, :3])
    left, zeros = 1.0 - factors, tf.zeros_like(factors)
    blends = tf.stack([factors, zeros, zeros], axis=2)
    blends += left[:, :, tf.newaxis] * tf.constant([[0.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    blends = tf.gather(blends, blend_order, batch_dims=1)
    first = (tf.gather(order, blend_order, batch_dims=1) < order[:, 3:])[:, :, tf.newaxis]
    same = tf.constant([1.0, 0.0, 0.0])
    return tf.where(first, blends, same), turns, tf.where(first, same, blends)


def color_jitter(columns, before, turns, after):
    """Applies the result of `ordered_blends` to columns (B, W, 3, H) in [0, 1]."""
    return _blended(adjust_hue(_blended(columns, before), turns), after)


def adjust_hue(columns, turns):
    """Rotates the hue in HSV, keeping value and saturation.

    Args:
        columns: float32 tensor (B, W, 3, H) in [0, 1].
        turns: float32 tensor (B,), fractions of a full turn, from -0.5 to 0.5.

    Returns:
        float32 tensor (B, W, 3, H) in [0, 1].
    """
    red, green, blue = tf.unstack(columns, axis=2)
    value = tf.maximum(tf.maximum(red, green), blue)
    chroma = value - tf.minimum(tf.minimum(red, green), blue)
    scale = 1.0 / tf.maximum(chroma, 1e-12)  # gray has no hue: its chroma is 0, any hue will do
    sixths = tf.where(
        value == red,
        (green - blue) * scale,
        tf.where(value == green, (blue - red) * scale + 2.0, (red - green) * scale + 4.0),
    )
    sixths += 6.0 * turns[:, tf.newaxis, tf.newaxis]

    def channel(corner):
        hue = corner + sixths
        hue -= 6.0 * tf.floor(hue / 6.0)
        return value - chroma * tf.clip_by_value(tf.minimum(hue, 4.0 - hue), 0.0, 1.0)

    return tf.stack([channel(5.0), channel(3.0), channel(1.0)], axis=2)


def _blended(columns, blends):
    """Applies blends, float32 (B, 3, 3), in sequence."""

    def blend(number, columns):
        weights = tf.reshape(blends[:, number], [-1, 3, 1, 1, 1])
        own, of_mean, of_luma = tf.unstack(weights, axis=1)
        gray = luma(columns)
        mean = tf.reduce_mean(gray, axis=(1, 2, 3), keepdims=True)
        mixed = own * columns + (of_mean * mean + of_luma * gray)
        return number + 1, tf.ensure_shape(tf.clip_by_value(mixed, 0.0, 1.0), columns.shape)

    # Unrolled, XLA would fuse the three and recompute every pixel of one for each of the next.
    return tf.while_loop(lambda number, _: number < 3, blend, (0, columns))[1]


def random_blur(columns, draws, probability, sigma=(0.1, 2.0)):
    """Blurs some images with a Gaussian as SimCLR does (arXiv 2002.05709, appendix A).

    The kernel extends int(0.1 height) // 2 pixels each way, 1 at least. Edges are padded by
    reflection, as in torchvision; SimCLR's own code pads with zeros.

    Args:
        columns: float32 tensor (B, W, C, H) in [0, 1], of static shape except for B.
        draws: float32 tensor (B, 2), uniform in [0, 1): whether to blur, and how much.
        probability: probability, 0 to 1.
        sigma: smallest and largest standard deviation in pixels, above 0; uniform in between.

    Returns:
        float32 tensor (B, W, C, H) in [0, 1].
    """
    height = columns.shape[3]
    radius = min(max(1, int(_KERNEL * height) // 2), height - 1)
    sigmas = sigma[0] + (sigma[1] - sigma[0]) * draws[:, 1:]
    distances = tf.range(-radius, radius + 1, dtype=tf.float32)
    weights = tf.nn.softmax(-0.5 * (distances / sigmas) ** 2)
    chosen = draws[:, 0] < probability

    def blurred():
        both = _along(3, _along(1, columns, weights, radius), weights, radius)
        return tf.where(tf.reshape(chosen, [-1, 1, 1, 1]), both, columns)

    return tf.cond(tf.reduce_any(chosen), blurred, lambda: columns)


def _along(axis, columns, weights, radius):
    """Convolves along an axis with weights (B, 2 radius + 1)."""
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


def random_solarize(columns, draws, probability, threshold=0.5):
    """Inverts the values above a threshold in some images, as in BYOL's second view.

    Args:
        columns: float32 tensor (B, W, C, H) in [0, 1].
        draws: float32 tensor (B,), uniform in [0, 1).
        probability: probability, 0 to 1.
        threshold: x becomes 1 - x where x >= threshold.

    Returns:
        float32 tensor (B, W, C, H) in [0, 1].
    """
    chosen = tf.reshape(draws < probability, [-1, 1, 1, 1])
    return tf.where(chosen & (columns >= threshold), 1.0 - columns, columns)
