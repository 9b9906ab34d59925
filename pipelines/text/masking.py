"""The masking of a masked language model: which tokens, and what replaces them."""

import tensorflow as tf


def mask_tokens(
    token_ids,
    key,
    vocabulary_size,
    specials,
    mask_ratio=0.15,
    max_predictions=20,
    continues=None,
):
    """Masks tokens as BERT does (Devlin et al. 2019, arXiv 1810.04805, section 3.1).

    Of a text of `length` tokens, including [CLS] and [SEP], n = min(max_predictions,
    max(1, round(mask_ratio * length))) are selected, never [CLS], [SEP] or [PAD]. Each of them
    becomes [MASK] with probability 0.8, a random id, uniform over the whole vocabulary, with
    probability 0.1, and is unchanged with probability 0.1. The target is always the original id.

    Args:
        token_ids: int32 (L,), padded with [PAD].
        key: int64 (2,), seed of the stateless draws.
        vocabulary_size: number of ids from which random ids are drawn.
        specials: Specials of the vocabulary.
        mask_ratio: fraction of the tokens to select, 0 to 1.
        max_predictions: P, maximum number of selected tokens, 1 to L.
        continues: None, or bool (vocabulary_size,), whether a token continues the word before it:
            then all tokens of a word are selected together. Words are visited in random order, and
            each that still fits into n is selected; if no word fits, nothing is selected.

    Returns:
        Dict of token_ids int32 (L,) with masked tokens; masked_positions int32 (P,) in ascending
        order; masked_ids int32 (P,), the original ids; masked_weights float32 (P,), 1 for a
        selected token. Unused slots have position 0, id 0, weight 0.
    """
    draws = tf.random.stateless_uniform([3, token_ids.shape[0]], key, dtype=tf.float64)
    order, action, replacement = tf.unstack(draws)
    present = token_ids != specials.pad
    candidates = present & (token_ids != specials.cls) & (token_ids != specials.sep)
    number = _number_to_choose(present, mask_ratio, max_predictions)
    if continues is None:
        chosen = _choose_tokens(candidates, number, order)
    else:
        inside = tf.gather(continues, token_ids)
        chosen = _choose_words(candidates, inside, number, order)
    random_ids = tf.cast(replacement * vocabulary_size, tf.int32)
    masked = tf.where(action < 0.8, specials.mask, tf.where(action < 0.9, random_ids, token_ids))
    return {
        "token_ids": tf.where(chosen, masked, token_ids),
        **_targets(token_ids, chosen, max_predictions),
    }


def _number_to_choose(present, mask_ratio, max_predictions):
    length = tf.reduce_sum(tf.cast(present, tf.float64))
    wanted = tf.cast(tf.round(mask_ratio * length), tf.int32)
    return tf.minimum(max_predictions, tf.maximum(1, wanted))


def _choose_tokens(candidates, number, order):
    # Draws are below 1, so tokens that are not candidates come last.
    rank = tf.argsort(tf.argsort(tf.where(candidates, order, 1.0)))
    return candidates & (rank < number)


def _choose_words(candidates, continues, number, order):
    after = tf.concat([[False], candidates[:-1]], axis=0)
    begins = candidates & ~(continues & after)
    word = tf.where(candidates, tf.cumsum(tf.cast(begins, tf.int32)) - 1, 0)
    tokens = tf.cast(candidates, tf.int32)
    sizes = tf.math.unsorted_segment_sum(tokens, word, num_segments=word.shape[0])
    shuffled = tf.argsort(order)
    taken = _take_while_room(tf.gather(sizes, shuffled), number)
    return candidates & tf.gather(taken, tf.gather(tf.argsort(shuffled), word))


def _take_while_room(sizes, room):
    """Takes sizes in order, skipping each that no longer fits; one iteration per gap."""

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
