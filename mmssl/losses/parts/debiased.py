"""Negatives freed of bias (Chuang et al. 2020, arXiv 2007.00224) and weighted by hardness
(Robinson, Chuang, Sra, Jegelka 2021, arXiv 2010.04592)."""

from keras import ops

from mmssl.losses.parts.similarity import MASKED_SCORE


def debiased_cross_entropy(positive, negatives, temperature, class_prior, hardness):
    """Computes for each anchor the loss whose negatives are partly of the anchor's own class.

        -log( p / (p + max((S - class_prior K p) / (1 - class_prior), K exp(-1/T))) )
        S = K sum_k n_k^(1 + hardness) / sum_k n_k^hardness

    with p = exp(score) of the positive and n_k that of its K negatives. A share `class_prior` of
    those is taken to be positives in disguise and subtracted; `hardness`, beta in the paper,
    weighs those that look most alike, 1 being best on STL-10.

    Args:
        positive: float32 (A,), scores of the positives, cosine / T.
        negatives: float32 (A, N), scores of the negatives, `similarity.MASKED_SCORE` over T for those
            left out.
        temperature: T, above 0; a number or a scalar tensor.
        class_prior: tau+, in [0, 1).
        hardness: beta, 0 or more.

    Returns:
        float32 (A,), in nats.

    Raises:
        ValueError: class_prior or hardness is out of its range.
    """
    if not 0 <= class_prior < 1:
        raise ValueError(f"class_prior is in [0, 1); got {class_prior}.")
    if hardness < 0:
        raise ValueError(f"hardness is 0 or more; got {hardness}.")
    counted = negatives > MASKED_SCORE / 1e3  # which a temperature above one has brought nearer
    count = ops.sum(ops.cast(counted, "float32"), axis=-1)
    log_count = ops.log(ops.maximum(count, 1.0))

    def log_sum(power):
        return ops.logsumexp(ops.where(counted, power * negatives, MASKED_SCORE), axis=-1)

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
