"""The contrast of pairs by a softmax both ways (Radford et al. 2021, arXiv 2103.00020)."""

from keras import ops

from mmssl import distribution
from mmssl.losses.info_nce import batch_scores
from mmssl.losses.parts.inputs import float_rows
from mmssl.losses.parts.similarity import (
    MASKED_SCORE,
    cross_entropy_of_positive,
    l2_normalize,
)


def clip_loss(first, second, scale, first_groups=None, second_groups=None, label_smoothing=0.0):
    """Averages `match_loss` of the first halves among the second and of these among the first.

    Args:
        first: (B, D), the first half of each pair.
        second: (B, D), the second half.
        scale: s, factor of the cosines, above 0; a number or a scalar tensor.
        first_groups: int32 (B,), numbers of the first halves: equal ones are the same half, and two
            pairs that have one are not told from each other; None tells all pairs apart.
        second_groups: the same of the second halves.
        label_smoothing: see `match_loss`.

    Returns:
        Scalar float32 in nats, the mean over this replica's pairs.

    Raises:
        ValueError: the shapes are incompatible, or `label_smoothing` is out of range.
    """
    same = same_halves(first_groups, second_groups)
    forth = match_loss(first, second, scale, same, label_smoothing)
    return (forth + match_loss(second, first, scale, same, label_smoothing)) / 2


def match_loss(queries, keys, scale, same=None, label_smoothing=0.0):
    """Classifies each query's own key among the keys of the batch of all replicas.

        -mean_i sum_j q_ij log softmax_j(s cos(query_i, key_j)),  q_ij = (1 - e) [i = j] + e / N

    Gradients flow into queries, keys and scale. If all are equal the loss is log N for any e.

    Args:
        queries: (B, D).
        keys: (B, D), row i the key of query i.
        scale: s, factor of the cosines, above 0; a number or a scalar tensor.
        same: None, or bool (B, N), keys that are as right as the query's own: they are left out,
            and N counts the others alone.
        label_smoothing: e, in [0, 1) (Szegedy et al. 2015, arXiv 1512.00567).

    Returns:
        Scalar float32 in nats, the mean over this replica's queries.

    Raises:
        ValueError: see `clip_loss`.
    """
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"label_smoothing must lie in [0, 1); got {label_smoothing}.")
    queries, keys = map(l2_normalize, float_rows(queries=queries, keys=keys))
    positive, others = batch_scores(queries, keys)
    left_out = others <= MASKED_SCORE if same is None else (others <= MASKED_SCORE) | same
    positive, others = scale * positive, ops.where(left_out, MASKED_SCORE, scale * others)
    losses = cross_entropy_of_positive(positive, others)
    if label_smoothing:
        # log softmax of the positive minus the mean of all log softmaxes: the logsumexp cancels.
        counted = 1.0 + ops.sum(ops.cast(~left_out, "float32"), axis=-1)
        total = positive + ops.sum(ops.where(left_out, 0.0, others), axis=-1)
        losses = losses + label_smoothing * (positive - total / counted)
    return ops.mean(losses)


def same_halves(first_groups, second_groups):
    """Finds the pairs of the global batch that share a half with each pair of this replica.

    Args:
        first_groups: see `clip_loss`.
        second_groups: see `clip_loss`.

    Returns:
        bool (B, N), N pairs of all replicas, each pair's own entry true; None without groups.
    """
    groups = [group for group in (first_groups, second_groups) if group is not None]
    found = [group[:, None] == distribution.gather(group)[None, :] for group in groups]
    return ops.any(ops.stack(found), axis=0) if found else None
