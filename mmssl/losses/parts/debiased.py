"""Contrastive losses with debiased (Chuang et al. 2020, arXiv 2007.00224) and hard negatives
(Robinson, Chuang, Sra, Jegelka 2021, arXiv 2010.04592)."""

from keras import ops

from mmssl.losses.parts.similarity import MASKED_SCORE


def debiased_cross_entropy(positive, negatives, temperature, class_prior, hardness):
    """Computes each anchor's loss, corrected for negatives of the anchor's own class.

        -log( p / (p + max((S - class_prior K p) / (1 - class_prior), K exp(-1/T))) )
        S = K sum_k n_k^(1 + hardness) / sum_k n_k^hardness

    with p = exp(score) of the positive and n_k that of its K negatives. A fraction `class_prior` of
    these are assumed to be false negatives, and their expected contribution is subtracted;
    `hardness`, beta in the paper, upweights the most similar ones, 1 being best on STL-10.

    Args:
        positive: float32 (A,), scores of the positives, cosine / T.
        negatives: float32 (A, N), scores of the negatives, `similarity.MASKED_SCORE` / T for
            excluded ones.
        temperature: T, above 0; a number or a scalar tensor.
        class_prior: tau+, in [0, 1).
        hardness: beta, 0 or more.

    Returns:
        float32 (A,), in nats.

    Raises:
        ValueError: class_prior or hardness is out of range.
    """
    if not 0 <= class_prior < 1:
        raise ValueError(f"class_prior must be in [0, 1); got {class_prior}.")
    if hardness < 0:
        raise ValueError(f"hardness must be 0 or more; got {hardness}.")
    counted = negatives > MASKED_SCORE / 1e3  # temperatures above one shrink masked scores
    count = ops.sum(ops.cast(counted, "float32"), axis=-1)
    log_count = ops.log(ops.maximum(count, 1.0))

    def log_sum(power):
        return ops.logsumexp(ops.where(counted, power * negatives, MASKED_SCORE), axis=-1)

    log_negatives = log_count + log_sum(1 + hardness) - log_sum(hardness)
    log_positives = log_count + positive
    top = ops.stop_gradient(ops.maximum(log_negatives, log_positives))
    rest = ops.exp(log_negatives - top) - class_prior * ops.exp(log_positives - top)
    least = log_count - 1 / temperature
    # The difference may be zero or negative, and then has no logarithm.
    is_positive = rest > 1e-30
    estimate = ops.log(ops.where(is_positive, rest, 1.0) / (1 - class_prior)) + top
    estimate = ops.where(is_positive, ops.maximum(estimate, least), least)
    return ops.softplus(estimate - positive)
