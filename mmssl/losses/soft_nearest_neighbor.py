"""The soft nearest neighbor loss (Frosst, Papernot, Hinton 2019, arXiv 1902.01889)."""

from keras import ops

from mmssl.losses.parts.inputs import float_rows, positive_number
from mmssl.losses.parts.labeled_pairs import labeled_pairs, mean_where
from mmssl.losses.parts.similarity import MASKED_SCORE


def soft_nearest_neighbor_loss(embeddings, labels, temperature=1.0):
    """Measures how unlikely a neighbor, sampled by distance, is to be of the same class.

        -mean_i log( sum_{j of i's class} exp(-|x_i - x_j|^2 / T)
                   / sum_{k != i} exp(-|x_i - x_k|^2 / T) )

    The vectors are not normalized. The paper maximizes the loss in hidden layers and minimizes it
    in the last one, and learns 1/T: pass the reciprocal of a variable. Where the rows are views of
    images, labels may be image indices.

    Args:
        embeddings: (B, D).
        labels: (B,), equal for examples of the same class.
        temperature: T, in units of squared distance, above 0; a number or a scalar tensor.

    Returns:
        Scalar float32 in nats, the mean over those of this replica's rows that share their class
        with another row; 0 if there are none. With several replicas it is weighted so that the mean
        over the replicas is that of all rows.

    Raises:
        ValueError: the shapes are incompatible, or the temperature is not above 0.
    """
    (embeddings,) = float_rows(embeddings=embeddings)
    positive_number(temperature=temperature)
    squares, positives, negatives = labeled_pairs(embeddings, labels)
    scores = -squares / temperature
    others = ops.logical_or(positives, negatives)
    same = ops.logsumexp(ops.where(positives, scores, MASKED_SCORE), axis=-1)
    total = ops.logsumexp(ops.where(others, scores, MASKED_SCORE), axis=-1)
    return mean_where(total - same, ops.any(positives, axis=-1))
