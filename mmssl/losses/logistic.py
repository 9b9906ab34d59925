"""Logistic losses of pairs that belong together and pairs that do not, each with a weight."""

from keras import ops


def logistic_loss(true_scores, true_weights, false_scores, false_weights):
    """Sums the weighted logistic losses of true and of false pairs.

        loss = - sum_i w_i log sigmoid(s_i) - sum_j v_j log sigmoid(-t_j)

    With k noise words per true pair this is the loss of negative sampling (Mikolov, Sutskever,
    Chen, Corrado, Dean 2013, arXiv 1310.4546). Noise words that several pairs share have the
    weights with which each of the pairs counts them. The caller divides by the number of pairs.

    Args:
        true_scores: (...), s.
        true_weights: float32 of the same shape, 0 or more.
        false_scores: (...), t.
        false_weights: float32 of the same shape, 0 or more.

    Returns:
        float32 scalar, in nats.
    """
    attracted = ops.softplus(-ops.cast(true_scores, "float32"))
    repelled = ops.softplus(ops.cast(false_scores, "float32"))
    return ops.sum(true_weights * attracted) + ops.sum(false_weights * repelled)
