"""InfoNCE over future frames (van den Oord, Li, Vinyals 2018, arXiv 1807.03748)."""

from keras import ops


def future_info_nce(predictions, positives, pool, collisions):
    """Scores each predicted frame against its true one and a shared pool of other frames.

    For an anchor with prediction p, its own frame z and the pool's frames z_j:
    `-(p.z - log(exp(p.z) + sum_j exp(p.z_j)))`, the pool's copies of z left out. No temperature,
    no normalisation; gradients flow through positives and negatives.

    Args:
        predictions: (A, C), the linear maps of the anchors' contexts.
        positives: (A, C), the frames that they should pick.
        pool: (N, C), frames that serve all anchors as negatives.
        collisions: bool (A, N), true where a pool entry is the anchor's own positive.

    Returns:
        Pair of scalars: the mean loss in nats, and the share of anchors whose positive scores
        above every negative.
    """
    predictions, positives, pool = (ops.cast(x, "float32") for x in (predictions, positives, pool))
    positive = ops.sum(predictions * positives, axis=-1)
    negatives = ops.matmul(predictions, ops.transpose(pool))
    negatives = ops.where(collisions, -1e9, negatives)
    hardest = ops.max(negatives, axis=-1)
    # The largest score is taken out by hand: joining positive and negatives into one tensor for
    # logsumexp would copy the largest array of the step.
    top = ops.stop_gradient(ops.maximum(hardest, positive))
    total = ops.exp(positive - top) + ops.sum(ops.exp(negatives - top[:, None]), axis=-1)
    loss = ops.mean(ops.log(total) + top - positive)
    accuracy = ops.mean(ops.cast(positive > hardest, "float32"))
    return loss, accuracy
