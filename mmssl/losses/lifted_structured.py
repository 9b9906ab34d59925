"""The lifted structured loss (Oh Song, Xiang, Jegelka, Savarese 2016, arXiv 1511.06452)."""

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.inputs import float_rows, positive_number
from mmssl.losses.parts.labeled_pairs import labeled_pairs, mean_where
from mmssl.losses.parts.similarity import MASKED_SCORE, safe_sqrt


def lifted_structured_loss(embeddings, labels, margin=1.0):
    """Compares each positive pair with all negatives of both of its examples.

        J_ij = log( sum_{k not of i's class} exp(margin - D_ik)
                  + sum_{l not of j's class} exp(margin - D_jl) ) + D_ij
        loss = mean over positive pairs (i, j) of max(0, J_ij)^2 / 2

    with D the Euclidean distance, not squared, of the unnormalized vectors.

    Args:
        embeddings: (B, D).
        labels: (B,), equal for examples of the same class.
        margin: above 0.

    Returns:
        Scalar float32, the mean over the pairs of this replica's rows with all rows; 0 if there
        are none. With several replicas it is weighted so that the mean over the replicas is that
        of all pairs.

    Raises:
        ValueError: the shapes are incompatible, or the margin is not above 0.
    """
    (embeddings,) = float_rows(embeddings=embeddings)
    positive_number(margin=margin)
    squares, positives, negatives = labeled_pairs(embeddings, labels)
    distances = safe_sqrt(squares)
    own = ops.logsumexp(ops.where(negatives, margin - distances, MASKED_SCORE), axis=-1)
    costs = ops.logaddexp(own[:, None], distribution.gather(own)[None, :]) + distances
    return mean_where(ops.square(ops.relu(costs)), positives) / 2
