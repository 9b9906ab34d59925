"""Pictures in another light: brightness, contrast, saturation and hue, in random order."""

import tensorflow as tf

from mmssl.pipelines.augment.grey import luma

DRAWS = 9


def random_jitter(images, draws, strengths, share):
    """Changes the colours of some pictures (Chen et al. 2020, arXiv 2002.05709, appendix A).

    Brightness, contrast and saturation are x f + (1 - f) t, clipped to [0, 1], with t black, the
    mean luma of the picture, and the luma of each pixel; f is uniform in [max(0, 1 - s), 1 + s].
    This is the multiplicative form of SimCLR v2 and torchvision; SimCLR v1 added brightness. Hue
    is turned in HSV, as tf.image.adjust_hue and torchvision do, by a share of the circle uniform
    in [-s, s]. All 24 orders are equally likely.

    Args:
        images: float32 tensor (B, H, W, 3) in [0, 1].
        draws: float32 tensor (B, 9), uniform in [0, 1): whether, four factors, four places.
        strengths: s of brightness, contrast and saturation, 0 or more; of hue, 0 to 0.5.
        share: probability, 0 to 1.

    Returns:
        float32 tensor (B, H, W, 3) in [0, 1].
    """
    chosen, amounts, places = tf.split(draws, [1, 4, 4], axis=1)
    factors, turns = _factors(amounts, strengths)
    factors = tf.where(chosen < share, factors, 1.0)
    turns = tf.where(chosen < share, turns, 0.0)
    return jittered(images, factors, turns, places)


def jittered(images, factors, turns, places):
    """Applies the four changes to every picture in its own order.

    Args:
        images: float32 tensor (B, H, W, 3) in [0, 1].
        factors: float32 tensor (B, 3), of brightness, contrast and saturation; 1 changes nothing.
        turns: float32 tensor (B, 1), of hue, in [-0.5, 0.5]; 0 changes nothing.
        places: float32 tensor (B, 4): the changes are made in the order of these numbers.

    Returns:
        float32 tensor (B, H, W, 3) in [0, 1].
    """
    order = tf.argsort(places[:, :3])
    factors = tf.gather(factors, order, batch_dims=1)
    before = tf.gather(places, order, batch_dims=1) < places[:, 3:]
    # Hue takes longest, so it stands between two rounds of the others, and each has its turn in
    # one of the two.
    for number in range(3):
        images = _blended(images, tf.where(before, factors, 1.0)[:, number], order[:, number])
    images = with_hue(images, turns[:, 0])
    for number in range(3):
        images = _blended(images, tf.where(before, 1.0, factors)[:, number], order[:, number])
    return images


def with_hue(images, turns):
    """Turns the hue of HSV, at the same value and saturation.

    Args:
        images: float32 tensor (B, H, W, 3) in [0, 1].
        turns: float32 tensor (B,), shares of the circle, from -0.5 to 0.5.

    Returns:
        float32 tensor (B, H, W, 3) in [0, 1].
    """
    red, green, blue = tf.unstack(images, axis=-1)
    value = tf.reduce_max(images, axis=-1)
    chroma = value - tf.reduce_min(images, axis=-1)
    scale = tf.math.divide_no_nan(1.0, chroma)
    sixths = tf.where(
        value == red,
        (green - blue) * scale,
        tf.where(value == green, (blue - red) * scale + 2.0, (red - green) * scale + 4.0),
    )
    sixths += 6.0 * turns[:, tf.newaxis, tf.newaxis]

    def channel(corner):
        place = tf.math.floormod(corner + sixths, 6.0)
        return value - chroma * tf.clip_by_value(tf.minimum(place, 4.0 - place), 0.0, 1.0)

    return tf.stack([channel(5.0), channel(3.0), channel(1.0)], axis=-1)


def _factors(amounts, strengths):
    low = [max(0.0, 1.0 - s) for s in strengths[:3]]
    high = [1.0 + s for s in strengths[:3]]
    factors = low + (tf.constant(high) - low) * amounts[:, :3]
    return factors, strengths[3] * (2.0 * amounts[:, 3:] - 1.0)


def _blended(images, factors, kinds):
    """Blends with black (kind 0), the picture's mean luma (1) or each pixel's luma (2)."""
    factors, kinds = (tf.reshape(x, [-1, 1, 1, 1]) for x in (factors, kinds))
    grey = luma(images)
    mean = tf.reduce_mean(grey, axis=(1, 2, 3), keepdims=True)
    target = tf.where(kinds == 0, 0.0, tf.where(kinds == 1, mean, grey))
    return tf.clip_by_value(images * factors + (1.0 - factors) * target, 0.0, 1.0)
