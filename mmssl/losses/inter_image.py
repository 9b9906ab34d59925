"""InterCLR's loss between images (Xie, Zhan, Liu, Ong, Loy 2020, arXiv 2008.11702)."""

from keras import ops

from mmssl.losses.parts.inputs import positive_number
from mmssl.losses.parts.similarity import (
    MASKED_SCORE,
    cross_entropy_of_positive,
    l2_normalize,
    pairwise_dots,
)


def inter_image(queries, index, bank, labels, noise, pool, negatives, margin=-0.5, temperature=0.2):
    """Classifies another image of each query's cluster among images of other clusters.

        -mean_i log( exp((q_i . p - m) / T) / (exp((q_i . p - m) / T) + sum_n exp(q_i . n / T)) )

    The positive p is drawn from the bank's vectors with the query's label, other than its own where
    there are such. The negatives n are drawn, without replacement, from the `pool` vectors that are
    nearest to the query, those with its label left out (semi-hard). A negative margin m makes the
    task easier. Vectors with label -1 are nobody's positive or negative, and queries with such a
    label have no loss. With equal cosines it is log(1 + negatives * exp(m / T)).

    Args:
        queries: (B, D), L2-normalized here; gradients pass through them alone.
        index: int32 (B,), the place of each query's own vector in the bank.
        bank: float32 (N, D), of unit length.
        labels: int32 (N,), the cluster of each vector of the bank, -1 for none.
        noise: float32 (B, N); the candidates with the largest of a row are drawn.
        pool: int, 1 to N.
        negatives: int, 1 to `pool`; fewer where the pool has not as many of other labels.
        margin: m.
        temperature: T, above 0.

    Returns:
        Scalar float32 in nats, the mean over this replica's queries.

    Raises:
        ValueError: pool, negatives or temperature are out of range.
    """
    positive_number(temperature=temperature)
    count = bank.shape[0]
    if not 1 <= negatives <= pool <= count:
        raise ValueError(
            f"inter_image(negatives={negatives}, pool={pool}) must be 1 or more, in this order at "
            f"most {count}, the vectors of the bank."
        )
    bank = ops.stop_gradient(bank)
    scores = pairwise_dots(l2_normalize(ops.cast(queries, "float32")), bank)
    own = ops.take(labels, index, axis=0)
    same = ops.logical_and(labels[None, :] == own[:, None], labels[None, :] >= 0)
    positive = _taken(scores, _positives(same, index, noise))[:, 0]

    seen = ops.where(labels[None, :] >= 0, ops.stop_gradient(scores), MASKED_SCORE)
    near = ops.top_k(seen, pool)[1]
    other = ops.logical_not(_taken(ops.logical_or(same, labels[None, :] < 0), near))
    kept, places = ops.top_k(ops.where(other, _taken(noise, near), MASKED_SCORE), negatives)
    drawn = _taken(scores, _taken(near, places)) / temperature
    drawn = ops.where(kept > MASKED_SCORE, drawn, MASKED_SCORE)

    losses = cross_entropy_of_positive((positive - margin) / temperature, drawn)
    return ops.mean(ops.where(own >= 0, losses, 0.0))


def _positives(same, index, noise):
    """Draws one vector with the query's label each, int32 (B, 1)."""
    itself = ops.arange(same.shape[1], dtype="int32")[None, :] == ops.cast(index, "int32")[:, None]
    others = ops.logical_and(same, ops.logical_not(itself))
    alone = ops.logical_not(ops.any(others, axis=1, keepdims=True))
    candidates = ops.where(alone, itself, others)
    return ops.argmax(ops.where(candidates, noise, MASKED_SCORE), axis=1, keepdims=True)


def _taken(values, places):
    return ops.take_along_axis(values, places, axis=1)
