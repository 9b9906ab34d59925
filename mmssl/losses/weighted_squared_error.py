"""Squared error of images with a weight for each pixel."""

from keras import ops


def weighted_squared_error(prediction, target, weights):
    """Averages `weight * (prediction - target)^2` over the pixels with nonzero weight.

    The sum for each example is divided by its number of pixels with nonzero weight, times the
    channels, not by the sum of the weights; weights above one thus raise the loss, as in the
    overlap of context encoders (Pathak et al. 2016, arXiv 1604.07379).

    Args:
        prediction: (B, H, W, C).
        target: (B, H, W, C).
        weights: float32 (B, H, W, 1), 0 or more.

    Returns:
        Scalar float32, the mean over the examples; one whose weights are all zero counts as zero.
    """
    error = ops.square(ops.cast(prediction, "float32") - ops.cast(target, "float32"))
    counted = ops.sum(ops.cast(weights > 0, "float32"), axis=(1, 2, 3)) * target.shape[-1]
    return ops.mean(ops.sum(weights * error, axis=(1, 2, 3)) / ops.maximum(counted, 1.0))
