"""The distance of pictures in the features of a network (Zhang et al. 2018, arXiv 1801.03924)."""

from keras import ops

EPSILON = 1e-10  # beside the squares of a place's channels


def perceptual_distance(first, second):
    """Sums, over maps, the mean squared difference of channels of length 1.

        d = sum_l mean_hw | f_lhw / |f_lhw| - g_lhw / |g_lhw| |^2

    That is LPIPS with all weights of channels 1, as no judgments of people are at hand; each map
    contributes 0 to 4.

    Args:
        first: dict from a name to (B, H, W, C), maps of pictures.
        second: dict of the same names and shapes, maps of other pictures.

    Returns:
        float32 (B,), 0 where all maps are alike; it does not matter which is first.
    """
    apart = [
        ops.mean(
            ops.sum(ops.square(_unit(first[name]) - _unit(second[name])), axis=-1), axis=(1, 2)
        )
        for name in first
    ]
    return ops.sum(ops.stack(apart), axis=0)


def _unit(maps):
    maps = ops.cast(maps, "float32")
    # Inside the root, so that the gradient is finite where all channels are 0.
    return maps * ops.rsqrt(ops.sum(ops.square(maps), axis=-1, keepdims=True) + EPSILON)
