"""The multi-class N-pair loss (Sohn 2016, NIPS)."""

from keras import ops

from mmssl.losses.info_nce import batch_scores
from mmssl.losses.parts.inputs import float_rows
from mmssl.losses.parts.similarity import cross_entropy_of_positive, dot


def n_pair_loss(anchors, positives, norm_weight=0.0):
    """Classifies each anchor's positive among those of N classes.

        mean_i log(1 + sum_{j != i} exp(a_i . p_j - a_i . p_i)) + norm_weight * mean |x|^2

    Scores are plain dot products, without normalization or temperature; the second term, over
    anchors and positives, regularizes their norms. Two pairs of the same class would be each
    other's negatives, so pass one pair per class.

    Args:
        anchors: (B, D).
        positives: (B, D), row i of the class of anchor i, each row of a different class.
        norm_weight: 0 or more.

    Returns:
        Scalar float32 in nats, the mean over this replica's anchors; positives are gathered.

    Raises:
        ValueError: the shapes are incompatible, or norm_weight is below 0.
    """
    anchors, positives = float_rows(anchors=anchors, positives=positives)
    if norm_weight < 0:
        raise ValueError(f"norm_weight must be 0 or more; got {norm_weight}.")
    loss = ops.mean(cross_entropy_of_positive(*batch_scores(anchors, positives)))
    return loss + norm_weight * ops.mean(dot(anchors, anchors) + dot(positives, positives)) / 2
