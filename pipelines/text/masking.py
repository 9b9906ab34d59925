"""What a masked language model hides: which tokens, and what stands in their place."""

import tensorflow as tf

from mmssl.pipelines.text.tokenizer import CLS, MASK, PAD, SEP


def mask_tokens(
    token_ids,
    key,
    vocabulary_size,
    mask_ratio=0.15,
    max_predictions=20,
    continues=None,
):
    """Hides tokens the way BERT does (Devlin et al. 2019, arXiv 1810.04805, section 3.1).

    Of a text of `length` tokens, [CLS] and [SEP] counted, n = min(max_predictions,
    max(1, round(mask_ratio * length))) are chosen, never [CLS], [SEP] or [PAD]. Each of them
    becomes [MASK] with probability 0.8, a uniformly drawn id of the whole vocabulary with 0.1, and
    stays as it is with 0.1. The target is the original id in every case.

    Args:
        token_ids: int32 (L,), padded with [PAD].
        key: int64 (2,), seed of the stateless draws.
        vocabulary_size: number of ids that a random one is drawn from.
        mask_ratio: share of the tokens to choose, 0 to 1.
        max_predictions: P, the most tokens to choose, 1 to L.
        continues: None, or bool (vocabulary_size,), whether a piece continues the word before it:
            then all pieces of a word are chosen together. Words are taken in random order, each
            that still fits into n; where no word fits, nothing is chosen.

    Returns:
        Dict of token_ids int32 (L,) with tokens hidden; masked_positions int32 (P,) in rising
        order; masked_ids int32 (P,), the original ids; masked_weights float32 (P,), 1 for a
        chosen token. Slots beyond the chosen tokens hold position 0, id 0, weight 0.
    """
    draws = tf.random.stateless_uniform([3, token_ids.shape[0]], key, dtype=tf.float64)
    order, action, replacement = tf.unstack(draws)
    candidates = (token_ids != PAD) & (token_ids != CLS) & (token_ids != SEP)
    number = _number_to_choose(token_ids, mask_ratio, max_predictions)
    if continues is None:
        chosen = _choose_tokens(candidates, number, order)
    else:
        inside = tf.gather(continues, token_ids)
        chosen = _choose_words(candidates, inside, number, order)
    random_ids = tf.cast(replacement * vocabulary_size, tf.int32)
    hidden = tf.where(action < 0.8, MASK, tf.where(action < 0.9, random_ids, token_ids))
    return {
        "token_ids": tf.where(chosen, hidden, token_ids),
        **_targets(token_ids, chosen, max_predictions),
    }


def _number_to_choose(token_ids, mask_ratio, max_predictions):
    length = tf.reduce_sum(tf.cast(token_ids != PAD, tf.float64))
    share = tf.cast(tf.round(mask_ratio * length), tf.int32)
    return tf.minimum(max_predictions, tf.maximum(1, share))


def _choose_tokens(candidates, number, order):
    # Draws lie below 1, so whatever is no candidate comes last.
    rank = tf.argsort(tf.argsort(tf.where(candidates, order, 1.0)))
    return candidates & (rank < number)


def _choose_words(candidates, continues, number, order):
    after = tf.concat([[False], candidates[:-1]], axis=0)
    begins = candidates & ~(continues & after)
    word = tf.where(candidates, tf.cumsum(tf.cast(begins, tf.int32)) - 1, 0)
    pieces = tf.cast(candidates, tf.int32)
    sizes = tf.math.unsorted_segment_sum(pieces, word, num_segments=word.shape[0])
    places = tf.argsort(order)
    taken = _take_while_room(tf.gather(sizes, places), number)
    return candidates & tf.gather(taken, tf.gather(tf.argsort(places), word))


def _take_while_room(sizes, room):
    """Takes sizes in order, leaving out each that no longer fits; a round a gap, not a size."""

    def fitting(taken):
        left = room - tf.reduce_sum(tf.where(taken, sizes, 0))
        return left, ~taken & (sizes > 0) & (sizes <= left)

    def more(taken):
        return tf.reduce_any(fitting(taken)[1])

    def take(taken):
        left, fits = fitting(taken)
        return (taken | (fits & (tf.cumsum(tf.where(fits, sizes, 0)) <= left)),)

    return tf.while_loop(more, take, (tf.zeros_like(sizes, tf.bool),))[0]


def _targets(token_ids, chosen, max_predictions):
    length = token_ids.shape[0]
    positions = tf.sort(tf.where(chosen, tf.range(length), length))[:max_predictions]
    filled = positions < length
    positions = tf.where(filled, positions, 0)
    return {
        "masked_positions": positions,
        "masked_ids": tf.where(filled, tf.gather(token_ids, positions), 0),
        "masked_weights": tf.cast(filled, tf.float32),
    }
