"""The triplet loss and its mining (Schroff, Kalenichenko, Philbin 2015, arXiv 1503.03832)."""

from keras import ops

from mmssl.losses.parts.inputs import float_rows, positive_number
from mmssl.losses.parts.labeled_pairs import labeled_pairs, mean_where
from mmssl.losses.parts.similarity import l2_normalize

MINING = ("all", "semi_hard", "hard")
FALLBACKS = ("farthest", "skip")


def triplet_loss(embeddings, labels, margin=0.2, mining="semi_hard", fallback="farthest"):
    """Requires each anchor to be closer to its positive than to a negative by a margin.

        max(0, |a - p|^2 - |a - n|^2 + margin)

    The vectors are L2-normalized and distances squared, as in FaceNet. Anchors are this replica's
    rows, positives and negatives those of all replicas. With `mining`, the loss is the mean over

    - `all`: all triplets, including those with zero loss; takes B N^2 floats of memory.
    - `semi_hard`: all pairs of an anchor and a positive, each with the nearest negative that is
      farther than the positive.
    - `hard`: all anchors, each with its farthest positive and its nearest negative (Hermans,
      Beyer, Leibe 2017, arXiv 1703.07737).

    The choice of the negative has no gradient.

    Args:
        embeddings: (B, D).
        labels: (B,), equal for examples of the same class.
        margin: in squared distance, which is at most 4; above 0.
        mining: `"all"`, `"semi_hard"` or `"hard"`.
        fallback: of `semi_hard`, for pairs whose negatives are all closer than the positive:
            `"farthest"` uses the farthest of them; `"skip"` excludes such pairs, and those whose
            negatives are all beyond the margin as well.

    Returns:
        Scalar float32, the mean over this replica's triplets; 0 if the batch has none. With
        several replicas it is weighted so that the mean over the replicas is that of all triplets.

    Raises:
        ValueError: the shapes are incompatible, or an argument has a value that is not allowed.
    """
    (embeddings,) = float_rows(embeddings=embeddings)
    positive_number(margin=margin)
    for name, value, allowed in (("mining", mining, MINING), ("fallback", fallback, FALLBACKS)):
        if value not in allowed:
            raise ValueError(f"{name} must be one of {', '.join(allowed)}; got {value!r}.")
    pairs = labeled_pairs(l2_normalize(embeddings), labels)
    if mining == "all":
        return _all(*pairs, margin)
    if mining == "hard":
        return _hard(*pairs, margin)
    return _semi_hard(*pairs, margin, skip=fallback == "skip")


def _all(distances, positives, negatives, margin):
    costs = ops.relu(distances[:, :, None] - distances[:, None, :] + margin)
    return mean_where(costs, ops.logical_and(positives[:, :, None], negatives[:, None, :]))


def _hard(distances, positives, negatives, margin):
    farthest = ops.max(ops.where(positives, distances, -1.0), axis=-1)
    nearest = ops.min(ops.where(negatives, distances, 5.0), axis=-1)
    complete = ops.logical_and(ops.any(positives, axis=-1), ops.any(negatives, axis=-1))
    return mean_where(ops.relu(farthest - nearest + margin), complete)


def _semi_hard(distances, positives, negatives, margin, skip):
    index = _nearest_beyond(ops.stop_gradient(distances), negatives)
    mined = ops.take_along_axis(distances, index, axis=-1)
    used = ops.logical_and(positives, ops.any(negatives, axis=-1, keepdims=True))
    if skip:
        beyond = ops.logical_and(mined > distances, mined < distances + margin)
        used = ops.logical_and(used, beyond)
    return mean_where(ops.relu(distances - mined + margin), used)


def _nearest_beyond(distances, negatives):
    """Finds the nearest negative beyond each entry of a row, or else the farthest negative."""
    # Sorting takes B N floats of memory; comparing all with all would take B N^2.
    order = ops.argsort(distances, axis=-1)
    negative = ops.cast(negatives, "int32")
    counted = ops.cumsum(ops.take_along_axis(negative, order, axis=-1), axis=-1)
    nearer = ops.take_along_axis(counted, ops.argsort(order, axis=-1), axis=-1)
    by_distance = ops.argsort(ops.where(negatives, distances, 5.0), axis=-1)
    last = ops.maximum(ops.sum(negative, axis=-1, keepdims=True) - 1, 0)
    return ops.take_along_axis(by_distance, ops.minimum(nearer, last), axis=-1)
