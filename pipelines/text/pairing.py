"""BERT's sentence pairs, made with random access from a tokenized corpus."""

import tensorflow as tf


def segment(corpus, chunk, room, short_probability, specials, key):
    """Makes [CLS] text [SEP] from a chunk of a document.

    Args:
        corpus: Corpus.
        chunk: (document, begin, end) int64 scalars, see `Chunks.at`.
        room: maximum number of tokens of a chunk.
        short_probability: probability of a shorter target length, uniform between 2 and `room`: the
            chunk is cut after the sentence that reaches it.
        specials: Specials of the vocabulary.
        key: int64 (2,), seed of the stateless draws.

    Returns:
        int32 (room + 2 or fewer,).
    """
    draws = tf.random.stateless_uniform([2], key, dtype=tf.float64)
    _, begin, end = chunk
    end = _cut_at_sentence(corpus, begin, end, _target(room, short_probability, *tf.unstack(draws)))
    return tf.concat([[specials.cls], corpus.tokens[begin:end], [specials.sep]], axis=0)


def sentence_pair(corpus, chunk, room, short_probability, specials, key):
    """Makes [CLS] A [SEP] B [SEP] (Devlin et al. 2019, arXiv 1810.04805, appendix A.2).

    Sentences are collected from the first that begins in a chunk, or else the last of its
    document, until they reach the target length, if need be beyond the chunk. The first few of
    them, a random number, are A. B is the rest; or, with probability 0.5, and always if there is
    only one sentence, it is sentences from a random position in another document, up to what A
    leaves of the target length. While the pair has more than `room` tokens, the longer segment
    loses its first or its last token, at random. Both kinds of pairs so begin, end and are cut
    alike: only what they say tells them apart.

    Args:
        corpus: Corpus of two or more documents, with no sentence of more than `room` tokens.
        chunk: (document, begin, end) int64 scalars, see `Chunks.at`.
        room: maximum number of tokens of A and B together.
        short_probability: see `segment`.
        specials: see `segment`.
        key: int64 (2,), seed of the stateless draws.

    Returns:
        int32 (room + 3 or fewer,), and int32 scalar: 1 if B is from another document, else 0.
    """
    draws = tf.random.stateless_uniform([5 + room], key, dtype=tf.float64)
    short, shorter, split, stay, position = tf.unstack(draws[:5])
    target = _target(room, short_probability, short, shorter)
    document, begin, _ = chunk
    start = tf.minimum(_sentence_at(corpus, begin), corpus.documents[document + 1] - 1)
    begin, end = corpus.sentences[start], _gather(corpus, start, target)
    inner, last = start + 1, _sentence_at(corpus, end)
    alone = inner == last
    middle = tf.where(alone, end, corpus.sentences[inner + _below(last - inner, split)])

    is_random = alone | (stay < 0.5)
    elsewhere = _elsewhere(corpus, document, position)
    left = tf.maximum(target - (middle - begin), 1)
    first = tf.where(is_random, corpus.sentences[elsewhere], middle)
    stop = tf.where(is_random, _gather(corpus, elsewhere, left), end)
    a, b = _cut_longer((begin, middle), (first, stop), room, draws[5:] < 0.5)
    tokens, cls, sep = corpus.tokens, [specials.cls], [specials.sep]
    pair = [cls, tokens[a[0] : a[1]], sep, tokens[b[0] : b[1]], sep]
    return tf.concat(pair, axis=0), tf.cast(is_random, tf.int32)


def _below(count, draw):
    """Turns a draw from [0, 1) into an integer below `count`, 0 if `count` is 0."""
    return tf.cast(tf.cast(count, tf.float64) * draw, tf.int64)


def _target(room, short_probability, short, shorter):
    return tf.where(short < short_probability, 2 + _below(room - 1, shorter), room)


def _sentence_at(corpus, token):
    """Returns the first sentence that begins at `token` or after it."""
    return tf.searchsorted(corpus.sentences, token[None], out_type=tf.int64)[0]


def _cut_at_sentence(corpus, begin, end, target):
    """Returns the end of the sentences that reach `target` tokens, `end` if they reach it first."""
    reached = _sentence_at(corpus, tf.minimum(begin + target, end))
    return tf.minimum(corpus.sentences[reached], end)


def _gather(corpus, start, target):
    """Returns the end of the sentences from `start` on that reach `target` tokens in a document."""
    document = tf.searchsorted(corpus.documents, start[None], side="right", out_type=tf.int64)[0]
    end = corpus.sentences[corpus.documents[document]]
    return _cut_at_sentence(corpus, corpus.sentences[start], end, target)


def _elsewhere(corpus, document, position):
    """Returns a random sentence of the other documents, each as likely as any."""
    first, last = corpus.documents[document], corpus.documents[document + 1]
    other = _below(tf.size(corpus.sentences, tf.int64) - 1 - (last - first), position)
    return other + tf.where(other >= first, last - first, 0)


def _cut_longer(a, b, room, coins):
    """Removes tokens of the longer span, one by one, from the front or back by a coin flip each."""
    size_a, size_b = a[1] - a[0], b[1] - b[0]
    # The sizes after shortening the longer one until both fit; on a tie B is shortened first.
    keep_a = tf.minimum(size_a, tf.maximum(room - size_b, room - room // 2))
    keep_b = tf.minimum(size_b, tf.maximum(room - size_a, room // 2))
    cut_a, cut_b = size_a - keep_a, size_b - keep_b
    front_a = tf.reduce_sum(tf.cast(coins[:cut_a], tf.int64))
    front_b = tf.reduce_sum(tf.cast(coins[cut_a : cut_a + cut_b], tf.int64))
    a = a[0] + front_a, a[0] + front_a + keep_a
    return a, (b[0] + front_b, b[0] + front_b + keep_b)
