"""InfoNCE (van den Oord, Li, Vinyals 2018, arXiv 1807.03748)."""

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


def info_nce(queries, keys, negatives=None, temperature=0.1, class_prior=0.0, hardness=0.0):
    """Classifies each query's own key among a set of keys.

        -mean_i log( exp(q_i . k_i / T) / (exp(q_i . k_i / T) + sum_n exp(q_i . n / T)) )

    The vectors are L2-normalized. The negatives are the keys of the other examples, of all
    replicas, unless they are given: a queue (MoCo), or each query's own. Gradients flow into keys
    and negatives: stop them where a teacher computes these. At chance the loss is
    log(1 + negatives).

    Args:
        queries: (B, D).
        keys: (B, D), row i the positive of query i.
        negatives: (K, D), shared by all queries and replicas, or (B, K, D), each query's own;
            None takes the keys of the other examples.
        temperature: T, above 0; a number or a scalar tensor.
        class_prior: assumed probability that a negative is of the query's own class, which is
            corrected for, in [0, 1); 0 corrects nothing (Chuang et al. 2020, arXiv 2007.00224).
        hardness: how strongly hard negatives are upweighted, 0 or more; 0 weights all equally
            (Robinson et al. 2021, arXiv 2010.04592). Both papers use a temperature of 0.5.

    Returns:
        Scalar float32 in nats, the mean over this replica's queries.

    Raises:
        ValueError: the shapes are incompatible, or an argument is out of range.
    """
    scores = cosine_scores(queries, keys, negatives, temperature)
    if class_prior == hardness == 0:
        return ops.mean(cross_entropy_of_positive(*scores))
    return ops.mean(debiased_cross_entropy(*scores, temperature, class_prior, hardness))


def future_info_nce(predictions, positives, pool, collisions, weights=None):
    """Scores each predicted frame against the true one and a shared pool of negatives.

    For an anchor with prediction p, its true frame z and the pool's frames z_j:
    `-(p.z - log(exp(p.z) + sum_j exp(p.z_j)))`, excluding copies of z in the pool. There is no
    temperature and no normalization; gradients flow through positives and negatives.

    Args:
        predictions: (A, C), linear projections of the anchors' contexts.
        positives: (A, C), the true frames.
        pool: (N, C), frames that serve all anchors as negatives.
        collisions: bool (A, N), true where a pool entry is not a negative of the anchor: it is the
            positive itself, or padding.
        weights: float32 (A,), with a mean of one over the global batch, and 0 for anchors to
            exclude; None weights all equally.

    Returns:
        Pair of scalars: the mean loss in nats, and the fraction of anchors whose positive scores
        above every negative; both weighted.
    """
    predictions, positives, pool = (ops.cast(x, "float32") for x in (predictions, positives, pool))
    positive = dot(predictions, positives)
    negatives = ops.where(collisions, MASKED_SCORE, pairwise_dots(predictions, pool))
    losses = cross_entropy_of_positive(positive, negatives)
    hits = ops.cast(positive > ops.max(negatives, axis=-1), "float32")
    if weights is None:
        return ops.mean(losses), ops.mean(hits)
    return ops.mean(weights * losses), ops.mean(weights * hits)


def cosine_scores(queries, keys, negatives, temperature):
    """Scores queries against their keys and negatives, as `info_nce` describes them.

    Args:
        queries: (B, D).
        keys: (B, D).
        negatives: (K, D), (B, K, D) or None.
        temperature: above 0.

    Returns:
        Pair of float32, the scores (B,) of the positives and (B, K) of the negatives.

    Raises:
        ValueError: the shapes are incompatible, or the temperature is not above 0.
    """
    queries, keys = map(l2_normalize, float_rows(queries=queries, keys=keys))
    positive_number(temperature=temperature)
    if negatives is None:
        positive, others = batch_scores(queries, keys)
        return positive / temperature, others / temperature
    others = l2_normalize(ops.cast(negatives, "float32"))
    if len(others.shape) not in (2, 3) or others.shape[-1] != queries.shape[-1]:
        raise ValueError(
            f"negatives must have shape (K, D) or (B, K, D) with D = {queries.shape[-1]} as in "
            f"queries; got {tuple(others.shape)}."
        )
    return dot(queries, keys) / temperature, pairwise_dots(queries, others) / temperature


def batch_scores(queries, keys):
    """Computes dot products of queries with their own keys and with those of the global batch.

    Args:
        queries: float32 (B, D).
        keys: float32 (B, D).

    Returns:
        Pair of float32, (B,) and (B, N), N the number of keys of all replicas; the entry of the
        query's own key among them is `similarity.MASKED_SCORE`.
    """
    everyone = distribution.gather(keys)
    rows = ops.shape(queries)[0]
    own = ops.arange(rows) + distribution.first_row(rows)
    itself = own[:, None] == ops.arange(ops.shape(everyone)[0])[None, :]
    return dot(queries, keys), ops.where(itself, MASKED_SCORE, pairwise_dots(queries, everyone))
