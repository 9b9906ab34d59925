"""Cross-entropy over chosen positions (Devlin et al. 2019, arXiv 1810.04805)."""

from keras import ops


def masked_cross_entropy(logits, ids, weights):
    """Sums the weighted cross-entropies of the true ids.

    The caller divides by the summed weights, which with several replicas are those of the whole
    batch.

    Args:
        logits: (..., V), unnormalized scores.
        ids: int32 (...), true classes in [0, V).
        weights: float32 (...), 0 for slots that hold nothing.

    Returns:
        Pair of scalars in float32: the summed weighted loss in nats, and the summed weight of the
        positions where no score is above the true one's.
    """
    log_shares = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    # By a product, whose gradient is dense like that of the softmax; a gather's is scattered.
    true = ops.sum(log_shares * ops.one_hot(ids, logits.shape[-1]), axis=-1)
    hits = ops.cast(true >= ops.max(log_shares, axis=-1), "float32")
    return -ops.sum(weights * true), ops.sum(weights * hits)
