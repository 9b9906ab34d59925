"""Cross-entropy of each crop with what another crop of the same picture was assigned to."""

from keras import ops


def swapped_cross_entropy(targets, logits, temperature):
    """Averages over all pairs of a target and another crop.

        -mean_{i, v != i} mean_b sum_k target_i[b, k] log softmax(logits_v[b] / T)_k

    Args:
        targets: list of float32 (B, K), distributions, of the first crops.
        logits: list of (B, K), of all crops, the first ones those of the targets.
        temperature: T, above 0.

    Returns:
        Scalar float32 in nats, the mean over this replica's rows.

    Raises:
        ValueError: there is no pair, or there are more targets than crops.
    """
    if not targets or len(logits) < max(2, len(targets)):
        raise ValueError(
            f"{len(targets)} crops have targets and {len(logits)} are scored: one target or more "
            "is wanted, and scores of the same crops in the same order, two crops or more in all."
        )
    predicted = [ops.log_softmax(ops.cast(x, "float32") / temperature) for x in logits]
    costs = [
        -ops.mean(ops.sum(target * log_probability, axis=-1))
        for i, target in enumerate(targets)
        for v, log_probability in enumerate(predicted)
        if v != i
    ]
    return sum(costs) / len(costs)
