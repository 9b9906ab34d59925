"""The contrastive loss of wav2vec 2.0 (Baevski et al. 2020, arXiv 2006.11477)."""

from keras import ops

from mmssl.losses.parts.inputs import positive_number
from mmssl.losses.parts.similarity import (
    MASKED_SCORE,
    cross_entropy_of_positive,
    l2_normalize,
)


def masked_contrastive(contexts, targets, distractors, codes, temperature=0.1):
    """Picks the target of each frame among those of other frames of its own sequence.

        -log( exp(cos(c_t, q_t) / T) / (exp(cos(c_t, q_t) / T) + sum_j exp(cos(c_t, q_j) / T)) )

    with j the distractors of frame t. Those whose code is that of t are left out: their target
    equals the positive. Gradients flow into contexts and targets, distractors among them.

    Args:
        contexts: (B, F, D).
        targets: (B, F, D).
        distractors: int32 (B, F, K), frames j of the same row; the frame itself never counts.
        codes: int32 (B, F), equal where and only where targets are.
        temperature: T, above 0.

    Returns:
        Pair of float32 (B, F): the losses in nats, and 1 where the target scores above every
        distractor and there is one with another code, else 0.

    Raises:
        ValueError: the temperature is not above 0.
    """
    positive_number(temperature=temperature)
    contexts, targets = (l2_normalize(ops.cast(x, "float32")) for x in (contexts, targets))
    rows, frames, count = ops.shape(distractors)
    # All pairs of a row: less than K gathered vectors a frame.
    cosines = ops.einsum("bfd,bgd->bfg", contexts, targets) / temperature
    positive = ops.sum(contexts * targets, axis=-1) / temperature
    others = ops.take_along_axis(cosines, distractors, axis=-1)
    theirs = ops.take_along_axis(codes, ops.reshape(distractors, (rows, -1)), axis=-1)
    equal = ops.reshape(theirs, (rows, frames, count)) == codes[..., None]
    others = ops.where(equal, MASKED_SCORE, others)
    losses = cross_entropy_of_positive(
        ops.reshape(positive, (-1,)), ops.reshape(others, (-1, count))
    )
    best = ops.max(others, axis=-1)
    hits = ops.logical_and(positive > best, best > MASKED_SCORE)
    return ops.reshape(losses, ops.shape(positive)), ops.cast(hits, "float32")
