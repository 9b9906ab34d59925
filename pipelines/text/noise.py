"""The noises of BART, each a function of the tokens of a text (Lewis et al. 2019, 1910.13461).

All take int32 (n,) tokens without special ones, and a key, int64 (2,), the seed of their stateless
draws.
"""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.masks.scattered import cut_to_budget, scattered_items


def mask_tokens(tokens, key, mask_ratio, mask):
    """Replaces round(mask_ratio n) random tokens with `mask`, a token id."""
    return tf.where(_chosen(tokens, key, mask_ratio), mask, tokens)


def delete_tokens(tokens, key, delete_ratio):
    """Removes round(delete_ratio n) random tokens; what is missing is not marked."""
    return tokens[~_chosen(tokens, key, delete_ratio)]


def rotate(tokens, key):
    """Begins the text at a random token, and ends it with what stood before."""
    start = _below(tf.size(tokens), tf.random.stateless_uniform([], key, dtype=tf.float64))
    return tf.concat([tokens[start:], tokens[:start]], axis=0)


def permute_sentences(tokens, starts, key):
    """Puts sentences in random order.

    Args:
        tokens: int32 (n,).
        starts: int64 (s,), the first token of each sentence, ascending from 0.
        key: see above.

    Returns:
        int32 (n,).
    """
    order = tf.argsort(tf.random.stateless_uniform(tf.shape(starts), key, dtype=tf.float64))
    sentences = tf.RaggedTensor.from_row_starts(tokens, starts)
    return tf.gather(sentences, order).values


def infill(tokens, key, mask_ratio, span, mask):
    """Replaces random spans with one `mask` each, whatever their length.

    Lengths are drawn from a Poisson distribution until they sum to b = ceil(mask_ratio n), and the
    last is cut to fit; a span of length 0 inserts a mask. No more than b spans are drawn, so the
    text does not grow. They lie at random among the tokens that stay, without overlap; in fairseq
    they may overlap, and then remove less.

    Args:
        tokens: int32 (n,).
        key: see above.
        mask_ratio: fraction of the tokens to remove, 0 to 1.
        span: mean of the distribution, above 0.
        mask: token id.

    Returns:
        int32 (n - b + number of spans,).
    """
    length_key, order_key = tf.unstack(tf.random.split(key, 2))
    count = tf.size(tokens)
    budget = tf.cast(tf.math.ceil(mask_ratio * tf.cast(count, tf.float64)), tf.int32)
    lengths = cut_to_budget(_poisson(budget, length_key, span), budget)
    kept = count - tf.reduce_sum(lengths)
    is_span = scattered_items(kept, tf.size(lengths), order_key)
    number = tf.cumsum(tf.cast(is_span, tf.int32)) - 1
    sizes = tf.where(is_span, tf.gather(tf.pad(lengths, [[0, 1]]), tf.maximum(number, 0)), 1)
    first = tf.minimum(tf.cumsum(sizes, exclusive=True), tf.maximum(count - 1, 0))
    return tf.where(is_span, mask, tf.gather(tokens, first))


def replace_masks(tokens, key, random_ratio, vocabulary_size, mask):
    """Puts a random token in place of each `mask` with probability `random_ratio`."""
    draws = tf.random.stateless_uniform([2, tf.size(tokens)], key, dtype=tf.float64)
    replaced = (tokens == mask) & (draws[0] < random_ratio)
    return tf.where(replaced, tf.cast(draws[1] * vocabulary_size, tf.int32), tokens)


def _chosen(tokens, key, ratio):
    """Selects round(ratio n) of the tokens, each as likely as any: bool (n,)."""
    draws = tf.random.stateless_uniform(tf.shape(tokens), key, dtype=tf.float64)
    number = tf.cast(tf.round(ratio * tf.cast(tf.size(tokens), tf.float64)), tf.int32)
    return tf.argsort(tf.argsort(draws)) < number


def _poisson(count, key, mean):
    """Draws from a Poisson distribution by the inverse of its cumulative probabilities."""
    # Beyond, a draw is less likely than one in 10^7.
    most = int(mean + 8 * mean**0.5 + 10)
    steps = np.log(mean) * np.arange(most) - np.cumsum(np.log(np.maximum(np.arange(most), 1)))
    cumulative = np.cumsum(np.exp(steps - mean))
    draws = tf.random.stateless_uniform(count[None], key, dtype=tf.float64)
    return tf.searchsorted(tf.constant(cumulative), draws, side="right")


def _below(count, draw):
    return tf.cast(tf.cast(count, tf.float64) * draw, tf.int32)
