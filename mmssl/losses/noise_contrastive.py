"""Noise-contrastive estimation (Gutmann, Hyvaerinen 2010) of instances (Wu et al. 2018,
arXiv 1805.01978)."""

import math

from keras import ops

from mmssl import distribution
from mmssl.losses.info_nce import cosine_scores
from mmssl.losses.parts.inputs import positive_number


def nce_loss(anchors, positives, negatives, num_instances, log_partition, temperature=0.07):
    """Discriminates each anchor's own instance from K noise samples, by binary classification.

        -mean_i [ log h(p_i) + sum_k log(1 - h(n_ik)) ],    h(x) = P(x) / (P(x) + K / num_instances)
        P(x) = exp(cosine(anchor, x) / T) / Z

    The noise is uniform over the `num_instances` instances of the data set. Z is a constant that
    the caller keeps: `nce_log_partition` of the first batch. The K negatives are summed, not
    averaged.

    Args:
        anchors: (B, D).
        positives: (B, D), row i the memory bank's vector of the instance of anchor i.
        negatives: (B, K, D), drawn for each anchor, or (K, D), shared by all.
        num_instances: number of instances in the data set, above 0.
        log_partition: log Z, a number or a scalar tensor.
        temperature: T, above 0; a number or a scalar tensor.

    Returns:
        Scalar float32 in nats, the mean over this replica's anchors.

    Raises:
        ValueError: the shapes are incompatible, or temperature or num_instances is not above 0.
    """
    positive_number(num_instances=num_instances)
    scores = cosine_scores(anchors, positives, negatives, temperature)
    return nce_of_scores(*scores, num_instances, log_partition)


def nce_log_partition(anchors, positives, negatives, num_instances, temperature=0.07):
    """Estimates log Z, the constant of `nce_loss`, from one batch.

    Args:
        anchors: (B, D).
        positives: (B, D).
        negatives: (B, K, D) or (K, D).
        num_instances: number of instances in the data set, above 0.
        temperature: T, above 0.

    Returns:
        Scalar float32, `log(num_instances * mean(exp(score)))` over positives and negatives of all
        replicas.

    Raises:
        ValueError: the shapes are incompatible, or temperature or num_instances is not above 0.
    """
    positive_number(num_instances=num_instances)
    return log_partition_of_scores(
        *cosine_scores(anchors, positives, negatives, temperature), num_instances
    )


def nce_of_scores(positive, others, num_instances, log_partition):
    """Computes `nce_loss` from scores, for callers that need these for more than the loss.

    Args:
        positive: float32 (B,), cosine / T.
        others: float32 (B, K).
        num_instances: see `nce_loss`.
        log_partition: see `nce_loss`.
    """
    log_noise = ops.log(ops.cast(ops.shape(others)[-1], "float32") / num_instances)
    positive, others = (x - log_partition - log_noise for x in (positive, others))
    return ops.mean(ops.softplus(-positive) + ops.sum(ops.softplus(others), axis=-1))


def log_partition_of_scores(positive, others, num_instances):
    """Computes `nce_log_partition` from scores, see `nce_of_scores`."""
    scores = ops.concatenate([positive[:, None], others], axis=-1)
    own = ops.logsumexp(scores) - ops.log(ops.cast(ops.size(scores), "float32"))
    everyone = distribution.gather(own[None])
    return ops.logsumexp(everyone) + math.log(num_instances / distribution.num_replicas())
