"""Squared error of pictures, some pixels of which weigh more than others."""

from keras import ops


def weighted_squared_error(prediction, target, weights):
    """Averages `weight * (prediction - target)^2` over the pixels that have a weight.

    Each example is averaged for itself, over its pixels of a weight above zero and the channels;
    so weights above one raise the loss, as in the overlap of context encoders (Pathak et al.
    2016, arXiv 1604.07379).

    Args:
        prediction: (B, H, W, C).
        target: (B, H, W, C).
        weights: float32 (B, H, W, 1), 0 or above.

    Returns:
        Scalar float32, the mean over the examples; one without any weight counts as zero.
    """
    error = ops.square(ops.cast(prediction, "float32") - ops.cast(target, "float32"))
    counted = ops.sum(ops.cast(weights > 0, "float32"), axis=(1, 2, 3)) * target.shape[-1]
    return ops.mean(ops.sum(weights * error, axis=(1, 2, 3)) / ops.maximum(counted, 1.0))
