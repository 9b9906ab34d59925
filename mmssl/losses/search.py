"""Losses of search: each query tells its own item from those of the other queries."""

from keras import ops

from mmssl import distribution
from mmssl.losses.info_nce import batch_scores
from mmssl.losses.parts.inputs import float_rows, positive_number
from mmssl.losses.parts.similarity import MASKED_SCORE, cross_entropy_of_positive, l2_normalize


def search_cross_entropy(queries, items, groups=None):
    """Classifies each query's own item among those of all queries, by plain dot products.

        -mean_i log( exp(q_i . c_i) / sum_j exp(q_i . c_j) )

    One direction only: no item is asked for its query. There is no temperature and no
    normalization: scale the vectors to have them.

    Args:
        queries: (B, D).
        items: (B, D), row i that of query i.
        groups: int32 (B,), equal for queries that are the same, whose items are no negatives of
            each other; None where all differ.

    Returns:
        Scalar float32 in nats, the mean over this replica's queries; the items are those of all
        replicas.

    Raises:
        ValueError: the shapes are incompatible.

    Reference:
        Husain, Wu, Gazit, Allamanis, Brockschmidt 2019, arXiv 1909.09436.
    """
    queries, items = float_rows(queries=queries, items=items)
    return ops.mean(cross_entropy_of_positive(*_scores(queries, items, groups)))


def search_margin(queries, items, margin=1.0, groups=None):
    """Asks each query's own item to be more similar than the most similar other one, by a margin.

        mean_i max(0, margin - cos(q_i, c_i) + max_{j != i} max(0, cos(q_i, c_j)))

    Others cost nothing where their cosine is below 0. It is the loss `cosine` of CodeSearchNet's
    code.

    Args:
        queries: (B, D).
        items: (B, D), row i that of query i.
        margin: above 0.
        groups: see `search_cross_entropy`.

    Returns:
        Scalar float32, the mean over this replica's queries.

    Raises:
        ValueError: the shapes are incompatible, or the margin is not above 0.

    Reference:
        Husain, Wu, Gazit, Allamanis, Brockschmidt 2019, arXiv 1909.09436.
    """
    positive_number(margin=margin)
    queries, items = map(l2_normalize, float_rows(queries=queries, items=items))
    own, others = _scores(queries, items, groups)
    hardest = ops.maximum(ops.max(others, axis=-1), 0.0)
    return ops.mean(ops.maximum(margin - own + hardest, 0.0))


def _scores(queries, items, groups):
    """Scores own items (B,), and those of all queries (B, N), own and excluded ones masked."""
    own, others = batch_scores(queries, items)
    if groups is None:
        return own, others
    same = groups[:, None] == distribution.gather(groups)[None, :]
    return own, ops.where(same, MASKED_SCORE, others)
