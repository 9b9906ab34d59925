"""Cross-entropy over chosen positions (Devlin et al. 2019, arXiv 1810.04805)."""

from keras import ops


def masked_cross_entropy(logits, ids, weights):
    """Sums the weighted cross-entropies of the true ids.

    The caller divides by the summed weights, which with several replicas are those of the whole
    batch.

    Args:
        logits: (..., V), unnormalised scores.
        ids: int32 (...), true classes in [0, V).
        weights: float32 (...), 0 for slots that hold nothing.

    Returns:
        Pair of scalars in float32: the summed weighted loss in nats, and the summed weight of the
        positions whose highest score is the true one.
    """
    logits = ops.cast(logits, "float32")
    true = ops.take_along_axis(logits, ids[..., None], axis=-1)[..., 0]
    loss = ops.sum(weights * (ops.logsumexp(logits, axis=-1) - true))
    hits = ops.cast(ops.equal(ops.cast(ops.argmax(logits, -1), "int32"), ids), "float32")
    return loss, ops.sum(weights * hits)
