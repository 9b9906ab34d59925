"""T5's spans: text and masked spans take turns, so that spans never touch."""

import tensorflow as tf


def noise_counts(length, mask_ratio, span):
    """Counts the tokens and the spans to mask (Raffel et al. 2019, arXiv 1910.10683).

    Args:
        length: n, number of tokens: int, 2 or more.
        mask_ratio: fraction to mask, above 0 and below 1.
        span: mean length of a span, 1 or more.

    Returns:
        int pair: round(mask_ratio n) tokens, at least 1 and at most n - 1; and tokens / span spans,
        rounded, at least 1, and no more than there are tokens on either side. Halves are rounded to
        even numbers, as in the official code.
    """
    masked = min(max(round(length * mask_ratio), 1), length - 1)
    return masked, min(max(round(masked / span), 1), masked, length - masked)


def split_spans(length, key, mask_ratio, span):
    """Masks spans: both sides are split at random into as many parts, which take turns.

    Args:
        length: n, int32 scalar, number of tokens.
        key: int64 (2,), seed of the stateless draws.
        mask_ratio: see `noise_counts`.
        span: see `noise_counts`.

    Returns:
        bool (n,), True where masked; False at the first token and True at the last; all False for
        fewer than two tokens.
    """
    kept_key, masked_key = tf.unstack(tf.random.split(key, 2))
    exact = tf.cast(length, tf.float64)
    masked = tf.cast(tf.round(exact * mask_ratio), tf.int32)
    masked = tf.minimum(tf.maximum(masked, 1), tf.maximum(length - 1, 0))
    kept = length - masked
    spans = tf.cast(tf.round(tf.cast(masked, tf.float64) / span), tf.int32)
    spans = tf.minimum(tf.maximum(spans, 1), tf.minimum(masked, kept))
    sizes = tf.stack([_parts(kept, spans, kept_key), _parts(masked, spans, masked_key)], axis=1)
    turns = tf.tile([False, True], [spans])
    mask = tf.repeat(turns, tf.reshape(sizes, [-1]))
    return tf.cond(spans > 0, lambda: mask, lambda: tf.zeros(length[None], tf.bool))


def _parts(total, count, key):
    """Splits `total` into `count` positive parts, all ways to do so as likely as any."""
    between = tf.maximum(total - 1, 0)
    order = tf.argsort(tf.random.stateless_uniform(between[None], key, dtype=tf.float64))
    cuts = tf.sort(order[: tf.maximum(count - 1, 0)]) + 1
    edges = tf.concat([[0], cuts, [total]], axis=0)
    return (edges[1:] - edges[:-1])[:count]
