"""Cross-entropy at the masked positions (Devlin et al. 2019, arXiv 1810.04805)."""

from keras import ops


def masked_cross_entropy(logits, ids, weights):
    """Sums the weighted cross-entropies of the true ids.

    The caller divides by the sum of the weights, which with several replicas is that of the global
    batch.

    Args:
        logits: (..., V), unnormalized scores.
        ids: int32 (...), true classes in [0, V).
        weights: float32 (...), 0 for empty slots.

    Returns:
        Pair of float32 scalars: the weighted sum of the losses in nats, and the total weight of the
        positions where no score is above that of the true class.
    """
    log_probabilities = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    # A product has a dense gradient like that of the softmax; a gather's is scattered.
    true = ops.sum(log_probabilities * ops.one_hot(ids, logits.shape[-1]), axis=-1)
    hits = ops.cast(true >= ops.max(log_probabilities, axis=-1), "float32")
    return -ops.sum(weights * true), ops.sum(weights * hits)
