"""Cross-entropy between color distributions (Zhang, Isola, Efros 2016, arXiv 1603.08511)."""

from keras import ops


def color_distribution_loss(logits, bins, weights, rebalance):
    """Averages the rebalanced cross-entropy of soft-encoded colors over pixels.

    `-v sum_q Z_q log softmax(logits)_q` with `Z` zero outside each pixel's nearest bins and `v`
    the pixel's rarity weight.

    Args:
        logits: (N, Q), scores of the color bins for each pixel.
        bins: int32 (N, n), each pixel's nearest bins.
        weights: float32 (N, n), their shares, summing to one.
        rebalance: float32 (N,), v; 0 leaves a pixel out.

    Returns:
        Scalar float32: the mean over all pixels, in nats.
    """
    logits = ops.cast(logits, "float32")
    chosen = ops.take_along_axis(logits, bins, axis=-1)
    log_likelihood = ops.sum(weights * chosen, axis=-1) - ops.logsumexp(logits, axis=-1)
    return -ops.mean(rebalance * log_likelihood)
