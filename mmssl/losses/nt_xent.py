"""NT-Xent (Chen, Kornblith, Norouzi, Hinton 2020, arXiv 2002.05709)."""

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.debiased import debiased_cross_entropy
from mmssl.losses.parts.inputs import float_rows, positive_number
from mmssl.losses.parts.similarity import (
    MASKED_SCORE,
    cross_entropy_of_positive,
    dot,
    l2_normalize,
    pairwise_dots,
)


def nt_xent(first, second, temperature=0.1, class_prior=0.0, hardness=0.0):
    """Classifies each view's partner, the other view of its example, among all 2N - 1 other views.

        -mean_i log( exp(s_ij / T) / sum_{k != i} exp(s_ik / T) ),    j the partner of view i

    with s the cosine similarity. The mean is over all views, as in the paper; the official code
    returns twice that. At chance the loss is log(2N - 1).

    Args:
        first: (B, D), one view of each example.
        second: (B, D), the other.
        temperature: T, above 0; a number or a scalar tensor.
        class_prior: assumed probability that a negative is of the anchor's own class, which is
            corrected for, in [0, 1); 0 corrects nothing (Chuang et al. 2020, arXiv 2007.00224).
        hardness: how strongly hard negatives are upweighted, 0 or more; 0 weights all equally
            (Robinson et al. 2021, arXiv 2010.04592). Both papers use a temperature of 0.5.

    Returns:
        Scalar float32 in nats, the mean over this replica's views; both views are gathered, with
        gradients.

    Raises:
        ValueError: the shapes are incompatible, or an argument is out of range.
    """
    scores = view_scores(first, second, temperature)
    if class_prior == hardness == 0:
        return ops.mean(cross_entropy_of_positive(*scores))
    return ops.mean(debiased_cross_entropy(*scores, temperature, class_prior, hardness))


def view_scores(first, second, temperature):
    """Scores all views against each other.

    Args:
        first: (B, D).
        second: (B, D).
        temperature: above 0.

    Returns:
        Pair of float32: (2B,), the scores of the partners, and (2B, 2N), those of all views of
        all replicas, `similarity.MASKED_SCORE` for the view itself and its partner.

    Raises:
        ValueError: the shapes are incompatible, or the temperature is not above 0.
    """
    first, second = map(l2_normalize, float_rows(first=first, second=second))
    positive_number(temperature=temperature)
    # Row 2i and row 2i + 1 are the views of example i, so that one gather keeps them together.
    views = ops.reshape(ops.stack([first, second], axis=1), (-1, first.shape[-1]))
    everyone = distribution.gather(views)
    rows = ops.shape(views)[0]
    own = (ops.arange(rows) + distribution.first_row(rows)) // 2
    example = ops.arange(ops.shape(everyone)[0]) // 2
    negatives = ops.where(
        own[:, None] == example[None, :], MASKED_SCORE, pairwise_dots(views, everyone)
    )
    return ops.repeat(dot(first, second), 2) / temperature, negatives / temperature
