"""Spans of given lengths, scattered at random over a sequence without overlap."""

import tensorflow as tf


def cut_to_budget(lengths, budget):
    """Takes lengths until they sum to a budget, and cuts the last to fit.

    Args:
        lengths: int32 (n,), 0 or more.
        budget: int32 scalar.

    Returns:
        int32 (m,), m at most n.
    """
    before = tf.cumsum(lengths, exclusive=True)
    needed = tf.reduce_sum(tf.cast(before < budget, tf.int32))
    return tf.minimum(lengths, budget - before)[:needed]


def scattered_items(kept, spans, key):
    """Draws in which order the elements that stay and the spans come, all orders alike.

    Args:
        kept: int32 scalar, number of elements that are in no span.
        spans: int32 scalar, number of spans.
        key: int64 (2,), seed of the stateless draws.

    Returns:
        bool (kept + spans,), True for a span.
    """
    draws = tf.random.stateless_uniform((kept + spans)[None], key, dtype=tf.float64)
    return tf.argsort(draws) >= kept


def scattered_spans(size, budget, lengths, key):
    """Masks exactly `budget` elements, in spans that may touch.

    Args:
        size: int32 scalar, number of elements.
        budget: int32 scalar, at most `size`.
        lengths: int32 (n,), lengths of spans, 1 or more, that sum to the budget or more.
        key: int64 (2,), seed of the stateless draws.

    Returns:
        bool (size,).
    """
    lengths = cut_to_budget(lengths, tf.minimum(budget, size))
    is_span = scattered_items(size - tf.reduce_sum(lengths), tf.size(lengths), key)
    number = tf.cumsum(tf.cast(is_span, tf.int32)) - 1
    sizes = tf.where(is_span, tf.gather(lengths, tf.maximum(number, 0)), 1)
    return tf.repeat(is_span, sizes)
