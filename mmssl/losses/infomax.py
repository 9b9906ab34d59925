"""Bounds on the mutual information of a picture's vector and those of places in it, whose negatives
are the places of other pictures (Deep InfoMax: Hjelm et al. 2018, arXiv 1808.06670; AMDIM: Bachman,
Hjelm, Buchwalter 2019, arXiv 1906.00910)."""

import math

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.inputs import positive_number
from mmssl.losses.parts.similarity import MASKED_SCORE


def infomax_nce(sources, targets, clip=None):
    """Classifies each place of a source's own picture among the places of all other pictures.

        -mean_{i, l} log( exp(s_iil) / (exp(s_iil) + sum_{j != i, m} exp(s_ijm)) )
        s_ijl = sources_i . targets_jl,  with `clip` c tanh(sources_i . targets_jl / (c sqrt(D)))

    Other places of the own picture are no negatives.

    Args:
        sources: (B, D), a vector a picture.
        targets: (B, L, D), the vectors of its places.
        clip: c of AMDIM, above 0: scores are divided by sqrt(D), and stay between -c and c; None
            for plain dot products, as in Deep InfoMax.

    Returns:
        Scalar float32 in nats, the mean over this replica's sources.

    Raises:
        ValueError: the shapes do not fit, or clip is not above 0.
    """
    return infomax_nce_terms(sources, targets, clip)["nce"]


def infomax_nce_terms(sources, targets, clip=None):
    """Computes `infomax_nce` and what else is known of its scores, for several pairs at once.

    Args:
        sources: (..., B, D), of one pair or of several.
        targets: (..., B, L, D), with the same first axes, or with a 1 for pairs that share targets.
        clip: see `infomax_nce`.

    Returns:
        dict of float32 (...), scalars for one pair: `nce`; `square`, the mean square of all scores
        before they are clipped; and `accuracy`, the share of places that score above those of all
        other pictures.
    """
    positive_number(clip=1 if clip is None else clip)
    scores, own = _scores(sources, targets)
    if clip is not None:
        scores = scores / math.sqrt(sources.shape[-1])
    square = ops.mean(ops.square(scores), axis=(-3, -2, -1))
    if clip is not None:
        scores = clip * ops.tanh(scores / clip)
    positive, negative = _parted(scores, own)
    negative = ops.where(own, MASKED_SCORE, negative)
    best = ops.stop_gradient(ops.max(negative, axis=(-2, -1), keepdims=True))
    # Differences of scores come first: where they are large, float32 keeps no more than these.
    total = ops.logsumexp(negative - best, axis=(-2, -1))
    behind = best[..., 0] - positive
    return {
        "nce": ops.mean(ops.softplus(behind + total[..., None]), axis=(-2, -1)),
        "square": square,
        "accuracy": ops.mean(ops.cast(behind < 0, "float32"), axis=(-2, -1)),
    }


def infomax_jsd(sources, targets):
    """Tells places of the own picture from those of others one by one, as a Jensen-Shannon bound.

        mean_{i, l} softplus(-s_iil) + mean_{i, j != i, l} softplus(s_ijl) - 2 log 2

    Args:
        sources: (B, D), a vector a picture; two or more over all replicas.
        targets: (B, L, D), the vectors of its places.

    Returns:
        Scalar float32, 0 where all scores are 0; the mean over this replica's sources.

    Raises:
        ValueError: the shapes do not fit.
    """
    scores, own = _scores(sources, targets)
    positive, negative = _parted(scores, own)
    losses = ops.where(own, 0.0, ops.softplus(negative))
    found = ops.mean(ops.softplus(-positive)) + ops.sum(losses) / _count(negative)
    return found - 2 * math.log(2)


def infomax_dv(sources, targets):
    """Computes the negative of the Donsker-Varadhan bound.

        log mean_{i, j != i, l} exp(s_ijl) - mean_{i, l} s_iil

    Args:
        sources: (B, D), a vector a picture; two or more over all replicas.
        targets: (B, L, D), the vectors of its places.

    Returns:
        Scalar float32 in nats, of which the first part is that of the global batch.

    Raises:
        ValueError: the shapes do not fit.
    """
    scores, own = _scores(sources, targets)
    positive, negative = _parted(scores, own)
    negative = ops.where(own, MASKED_SCORE, negative)
    top = ops.max(distribution.gather(ops.stop_gradient(ops.max(negative))[None]))
    total = distribution.mean(ops.sum(ops.exp(negative - top)) / _count(negative))
    return ops.log(total) + (top - ops.mean(positive))


def _scores(sources, targets):
    """Scores sources (..., B, D) with all places (..., N, L, D); says which are of their own."""
    sources, targets = (ops.cast(x, "float32") for x in (sources, targets))
    shapes = tuple(sources.shape), tuple(targets.shape)
    if len(shapes[0]) < 2 or len(shapes[1]) != len(shapes[0]) + 1 or shapes[0][-1] != shapes[1][-1]:
        raise ValueError(
            "sources must have shape (B, D) and targets (B, L, D), the places of the same "
            f"pictures; got {shapes[0]} and {shapes[1]}."
        )
    everyone = _gathered(targets)
    *pairs, pictures, places, width = ops.shape(everyone)
    flat = ops.reshape(everyone, (*pairs, -1, width))
    rows = ops.shape(sources)[-2]
    scores = ops.matmul(sources, ops.swapaxes(flat, -1, -2))
    scores = ops.reshape(scores, (*ops.shape(sources)[:-1], pictures, places))
    row = ops.arange(rows) + distribution.first_row(rows)
    return scores, (row[:, None] == ops.arange(pictures))[..., None]


def _gathered(targets):
    """Gathers the pictures (..., B, L, D) of all replicas, whose axis need not be the first."""
    if len(targets.shape) == 3:
        return distribution.gather(targets)
    first = ops.moveaxis(targets, -3, 0)
    return ops.moveaxis(distribution.gather(first), 0, -3)


def _parted(scores, own):
    """The scores (..., B, L) of the own places, and all (..., B, N, L)."""
    return ops.sum(ops.where(own, scores, 0.0), axis=-2), scores


def _count(scores):
    """The number of negatives among scores (B, N, L)."""
    rows, pictures, places = (ops.cast(n, "float32") for n in ops.shape(scores))
    return rows * (pictures - 1) * places
