"""Swapped assignments to prototypes (Caron et al. 2020, arXiv 2006.09882)."""

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.inputs import float_rows, positive_number
from mmssl.losses.swapped_prediction import swapped_cross_entropy


def swav_loss(scores, codes, temperature=0.1):
    """Predicts the codes of each large crop from the other crops.

        -mean_{i, v != i} mean_b sum_k codes_i log softmax(scores_v / T)

    Scores of zero have a loss of log K.

    Args:
        scores: list of (B, K), cosines with the prototypes, of all crops, those with codes first.
        codes: list of (B, K), from `sinkhorn`, of the large crops.
        temperature: T, above 0.

    Returns:
        Scalar float32 in nats, the mean over this replica's rows; no gradient reaches the codes.

    Raises:
        ValueError: the temperature is not above 0, or the crops form no pair.
    """
    positive_number(temperature=temperature)
    codes = [ops.stop_gradient(ops.cast(x, "float32")) for x in codes]
    return swapped_cross_entropy(codes, scores, temperature)


def sinkhorn(scores, epsilon=0.05, iterations=3):
    """Assigns rows to prototypes in equal proportions by the Sinkhorn algorithm (Cuturi 2013).

    Starting from exp(scores / epsilon), each iteration scales the prototypes to equal sums over
    the rows of all replicas, then every row to sum to 1. Row sums are exact; those of the
    prototypes converge with the iterations. Rows of a queue may be prepended to those of the batch:
    use the last B rows of the result.

    Args:
        scores: (B, K), cosines with the prototypes.
        epsilon: entropic regularization; smaller values give harder assignments; above 0.
        iterations: 1 or more.

    Returns:
        float32 (B, K), rows summing to 1, without gradients.

    Raises:
        ValueError: the shape is invalid, or an argument is out of range.
    """
    (scores,) = float_rows(scores=scores)
    positive_number(epsilon=epsilon, iterations=iterations)
    # In log space: exp(1 / 0.05) is close to overflow in half precision, and the sum of a prototype
    # far from all rows would underflow to zero.
    codes = ops.stop_gradient(scores) / epsilon
    for _ in range(iterations):
        totals = distribution.gather(ops.logsumexp(codes, axis=0, keepdims=True))
        codes = ops.log_softmax(codes - ops.logsumexp(totals, axis=0))
    return ops.exp(codes)
