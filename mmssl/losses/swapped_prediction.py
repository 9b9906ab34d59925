"""Cross-entropy of each crop's prediction with the target of another crop of the same image."""

from keras import ops


def swapped_cross_entropy(targets, logits, temperature):
    """Averages over all pairs of a target and another crop.

        -mean_{i, v != i} mean_b sum_k target_i[b, k] log softmax(logits_v[b] / T)_k

    Args:
        targets: list of float32 (B, K), distributions, for the first crops.
        logits: list of (B, K), for all crops, those with targets first.
        temperature: T, above 0.

    Returns:
        Scalar float32 in nats, the mean over this replica's rows.

    Raises:
        ValueError: there is no pair, or there are more targets than crops.
    """
    if not targets or len(logits) < max(2, len(targets)):
        raise ValueError(
            f"Needs targets for at least one crop and logits for at least two, those with targets "
            f"first; got {len(targets)} crops with targets and {len(logits)} with logits."
        )
    predicted = [ops.log_softmax(ops.cast(x, "float32") / temperature) for x in logits]
    costs = [
        -ops.mean(ops.sum(target * log_probability, axis=-1))
        for i, target in enumerate(targets)
        for v, log_probability in enumerate(predicted)
        if v != i
    ]
    return sum(costs) / len(costs)
