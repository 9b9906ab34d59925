"""Cross-entropy between color distributions (Zhang, Isola, Efros 2016, arXiv 1603.08511)."""

from keras import ops


def color_distribution_loss(logits, bins, weights, rebalance):
    """Averages the rebalanced cross-entropy with soft-encoded colors over pixels.

    The loss of a pixel is `-v sum_q Z_q log softmax(logits)_q`, where `Z` is zero outside the
    pixel's nearest bins and `v` is the pixel's rarity weight.

    Args:
        logits: (N, Q), scores of the color bins for each pixel.
        bins: int32 (N, n), each pixel's nearest bins.
        weights: float32 (N, n), Z at these bins, summing to one.
        rebalance: float32 (N,), v; 0 excludes a pixel.

    Returns:
        Scalar float32: the mean over all pixels, in nats.
    """
    logits = ops.cast(logits, "float32")
    chosen = ops.take_along_axis(logits, bins, axis=-1)
    log_likelihood = ops.sum(weights * chosen, axis=-1) - ops.logsumexp(logits, axis=-1)
    return -ops.mean(rebalance * log_likelihood)
