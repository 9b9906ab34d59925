"""Negatives freed of bias (Chuang et al. 2020, arXiv 2007.00224) and weighted by hardness
(Robinson, Chuang, Sra, Jegelka 2021, arXiv 2010.04592)."""

from keras import ops

from mmssl.losses.info_nce import cosine_scores, cross_entropy_of_positive
from mmssl.losses.nt_xent import view_scores
from mmssl.losses.similarity import NEVER


def debiased_nt_xent(first, second, temperature=0.5, class_prior=0.1, hardness=0.0):
    """Is NT-Xent for negatives some of which are of the anchor's own class.

        -mean log( p / (p + max((S - class_prior M p) / (1 - class_prior), M exp(-1/T))) )
        S = M sum_k n_k^(1 + hardness) / sum_k n_k^hardness

    with p = exp(cosine / T) of the partner and n_k that of the M = 2N - 2 views of other
    examples. A share `class_prior` of those is taken to be positives in disguise and subtracted;
    `hardness`, beta in the paper, weighs those that look most alike, 1 being best on STL-10.
    Both at 0 are NT-Xent; hardness 0 is the debiased loss.

    Args:
        first: (B, D), one view of each example.
        second: (B, D), the other.
        temperature: T, above 0; a number or a scalar tensor.
        class_prior: tau+, in [0, 1).
        hardness: beta, 0 or more.

    Returns:
        Scalar float32 in nats, the mean over this replica's views; both views are gathered, with
        gradients.

    Raises:
        ValueError: shapes do not fit, or an argument is out of its range.
    """
    scores = view_scores(first, second, temperature)
    return ops.mean(_debiased(*scores, temperature, class_prior, hardness))


def debiased_info_nce(
    queries, keys, negatives=None, temperature=0.5, class_prior=0.1, hardness=0.0
):
    """Is InfoNCE with the same estimate of the negatives as `debiased_nt_xent`.

    Args:
        queries: (B, D).
        keys: (B, D), row i the positive of query i.
        negatives: (K, D) or (B, K, D); None takes the keys of the other examples, of all replicas.
        temperature: T, above 0; a number or a scalar tensor.
        class_prior: tau+, in [0, 1).
        hardness: beta, 0 or more.

    Returns:
        Scalar float32 in nats, the mean over this replica's queries.

    Raises:
        ValueError: shapes do not fit, or an argument is out of its range.
    """
    scores = cosine_scores(queries, keys, negatives, temperature)
    return ops.mean(_debiased(*scores, temperature, class_prior, hardness))


def check_negatives(class_prior, hardness):
    """Refuses a share or a weight that the estimate of the negatives has no meaning for.

    Args:
        class_prior: tau+.
        hardness: beta.

    Raises:
        ValueError: it is out of its range.
    """
    if not 0 <= class_prior < 1:
        raise ValueError(f"class_prior is in [0, 1); got {class_prior}.")
    if hardness < 0:
        raise ValueError(f"hardness is 0 or more; got {hardness}.")


def _debiased(positive, negatives, temperature, class_prior, hardness):
    """Computes log(1 + estimate / p) for each anchor, by logarithms throughout."""
    check_negatives(class_prior, hardness)
    if class_prior == hardness == 0:
        return cross_entropy_of_positive(positive, negatives)
    counted = negatives > NEVER / 1e3  # which a temperature above one has brought nearer
    count = ops.sum(ops.cast(counted, "float32"), axis=-1)
    log_count = ops.log(ops.maximum(count, 1.0))

    def log_sum(power):
        return ops.logsumexp(ops.where(counted, power * negatives, NEVER), axis=-1)

    log_negatives = log_count + log_sum(1 + hardness) - log_sum(hardness)
    log_positives = log_count + positive
    top = ops.stop_gradient(ops.maximum(log_negatives, log_positives))
    rest = ops.exp(log_negatives - top) - class_prior * ops.exp(log_positives - top)
    least = log_count - 1 / temperature
    # What is left may be zero or below, and has no logarithm then.
    is_left = rest > 1e-30
    estimate = ops.log(ops.where(is_left, rest, 1.0) / (1 - class_prior)) + top
    estimate = ops.where(is_left, ops.maximum(estimate, least), least)
    return ops.softplus(estimate - positive)
