"""How well queries find their items among distractors."""

import numpy as np
from sklearn.feature_extraction.text import TfidfTransformer

CANDIDATES = 1000  # one that is looked for, and 999 distractors
_SEED = 0
_TIE = 1e-6  # cosines that differ by less are equal: rounding decides nothing


def mean_reciprocal_rank(scores_of, count):
    """Averages 1 / rank of each query's own item among those of 1,000 queries.

    The queries are put into groups of 1,000 at random, always the same; an incomplete last group is
    left out, unless there is no other. A tie counts as lost: the rank of an item is the number of
    candidates that score as high as it or higher.

    Args:
        scores_of: function of an int array (G,), the numbers of queries, to their scores (G, G),
            float, entry i, j that of query i and the item of query j.
        count: number of queries.

    Returns:
        float.

    Reference:
        Husain, Wu, Gazit, Allamanis, Brockschmidt 2019, arXiv 1909.09436, section 4.
    """
    order = np.random.default_rng(_SEED).permutation(count)
    groups = [order[i : i + CANDIDATES] for i in range(0, count, CANDIDATES)]
    groups = groups[:-1] if len(groups) > 1 and len(groups[-1]) < CANDIDATES else groups
    return float(np.mean(np.concatenate([1 / _ranks(scores_of(group)) for group in groups])))


def chance_reciprocal_rank(count):
    """Returns what a random order gives: dict of `chance_mrr`, and how many `candidates` it has."""
    candidates = min(count, CANDIDATES)
    return {
        "chance_mrr": float(np.mean(1 / np.arange(1, candidates + 1))),
        "candidates": float(candidates),
    }


def keyword_scores(items, queries):
    """Scores items by the words that they share with queries: cosines of TF-IDF.

    Args:
        items: sparse matrix (N, V), how often each word is in each item.
        queries: the same of the queries.

    Returns:
        function that `mean_reciprocal_rank` takes.
    """
    weigh = TfidfTransformer(sublinear_tf=True).fit(items)
    items, queries = weigh.transform(items), weigh.transform(queries)
    return lambda rows: (queries[rows] @ items[rows].T).toarray()


def _ranks(scores):
    own = np.diagonal(scores)[:, None]
    return (scores >= own - _TIE).sum(axis=1)
