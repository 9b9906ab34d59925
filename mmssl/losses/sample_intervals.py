"""Probabilities of intervals of 16-bit samples under softmaxes over their two bytes."""

from keras import ops

TINY = 1e-30  # under the logarithm


def interval_nats(coarse, fine_of_first, fine_of_last, first, last):
    """Computes -log P(first <= s <= last) of samples s = 256 c + f.

        P = sum_{c, f: first <= 256 c + f <= last}  P(c) P(f | c)

    Of the inner coarse bytes, all fine bytes belong to the interval, so that P(f | c) is needed at
    its two ends alone. Makes models of 16-bit samples comparable with those of coarser codes, each
    of which is such an interval.

    Args:
        coarse: float32 (..., 256), logits of c.
        fine_of_first: float32 (..., 256), logits of f given the coarse byte of `first`.
        fine_of_last: float32 (..., 256), logits of f given the coarse byte of `last`.
        first: int32 (...), 0 to 65535.
        last: int32 (...), `first` to 65535.

    Returns:
        float32 (...), in nats.
    """
    ends = (ops.cast(x, "int32") for x in (first, last))
    (c, f), (d, g) = ((x // 256, x % 256) for x in ends)
    coarse, low, high = (ops.softmax(x) for x in (coarse, fine_of_first, fine_of_last))
    at_first = _of(coarse, c) * _sum(low, f, ops.where(c == d, g, 255))
    at_last = _of(coarse, d) * _sum(high, ops.zeros_like(g), g)
    between = _sum(coarse, c + 1, d - 1)
    return -ops.log(at_first + ops.where(c == d, 0.0, at_last + between) + TINY)


def _sum(shares, first, last):
    """Sums shares (..., 256) from one place to another, both included."""
    place = ops.arange(shares.shape[-1])
    inside = ops.logical_and(place >= first[..., None], place <= last[..., None])
    return ops.sum(ops.where(inside, shares, 0.0), axis=-1)


def _of(shares, place):
    return ops.take_along_axis(shares, place[..., None], axis=-1)[..., 0]
