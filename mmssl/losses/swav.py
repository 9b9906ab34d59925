"""Swapped assignments to prototypes (Caron et al. 2020, arXiv 2006.09882)."""

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.inputs import float_rows, positive_number
from mmssl.losses.swapped_prediction import swapped_cross_entropy


def swav_loss(scores, codes, temperature=0.1):
    """Predicts the codes of each large crop from the other crops.

        -mean_{i, v != i} mean_b sum_k codes_i log softmax(scores_v / T)

    Scores of zero cost log K.

    Args:
        scores: list of (B, K), cosines with the prototypes, of all crops, those with codes first.
        codes: list of (B, K), from `sinkhorn`, of the large crops.
        temperature: T, above 0.

    Returns:
        Scalar float32 in nats, the mean over this replica's rows; no gradient reaches the codes.

    Raises:
        ValueError: the temperature is not above 0, or the crops give no pair.
    """
    positive_number(temperature=temperature)
    codes = [ops.stop_gradient(ops.cast(x, "float32")) for x in codes]
    return swapped_cross_entropy(codes, scores, temperature)


def sinkhorn(scores, epsilon=0.05, iterations=3):
    """Assigns rows to prototypes so that each prototype gets the same share (Cuturi 2013).

    Starting from exp(scores / epsilon), each iteration scales the prototypes to equal sums over
    the rows of all replicas, then every row to 1; the rows' sums are exact, the prototypes' the
    more iterations the closer. Rows of a queue may stand before those of the batch: take the
    last B of what comes back.

    Args:
        scores: (B, K), cosines with the prototypes.
        epsilon: smaller ones make harder codes; above 0.
        iterations: 1 or more.

    Returns:
        float32 (B, K), rows summing to 1, without a gradient.

    Raises:
        ValueError: the shape does not fit, or an argument is out of its range.
    """
    (scores,) = float_rows(scores=scores)
    positive_number(epsilon=epsilon, iterations=iterations)
    # In logarithms: exp(1 / 0.05) is near the end of half precision, and a prototype far from
    # all rows would sum to zero.
    codes = ops.stop_gradient(scores) / epsilon
    for _ in range(iterations):
        share = distribution.gather(ops.logsumexp(codes, axis=0, keepdims=True))
        codes = ops.log_softmax(codes - ops.logsumexp(share, axis=0))
    return ops.exp(codes)
