"""BERT's sentence pairs, made with random access from a tokenized corpus."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.text.tokenizer import CLS, SEP


def chunk_starts(corpus, room):
    """Returns the sentences with which an example may start.

    Args:
        corpus: Corpus.
        room: tokens of text in a full example.

    Returns:
        int64 array, ascending: the index of each sentence that is followed, itself included, by
        `room` tokens or more of its document, and of the first sentence of every document.
    """
    sentences, documents = corpus.sentences.numpy(), corpus.documents.numpy()
    ends = np.repeat(sentences[documents[1:]], np.diff(documents))
    starts = ends - sentences[:-1] >= room
    starts[documents[:-1]] = True
    return np.flatnonzero(starts)


def segment(corpus, start, room, short_probability, key):
    """Makes [CLS] text [SEP] from consecutive sentences of a document.

    Args:
        corpus: Corpus.
        start: int64 scalar, index of the first sentence.
        room: maximum number of text tokens; the last sentence is truncated to fit.
        short_probability: probability of a shorter target length, uniform between 2 and `room`.
        key: int64 (2,), seed of the stateless draws.

    Returns:
        int32 (room + 2 or fewer,).
    """
    draws = tf.random.stateless_uniform([2], key, dtype=tf.float64)
    target = _target(room, short_probability, draws[0], draws[1])
    begin, end = _span(corpus, start, _gather(corpus, start, target))
    return tf.concat([[CLS], corpus.tokens[begin : tf.minimum(end, begin + room)], [SEP]], axis=0)


def sentence_pair(corpus, start, room, short_probability, key):
    """Makes [CLS] A [SEP] B [SEP] (Devlin et al. 2019, arXiv 1810.04805, appendix A.2).

    Consecutive sentences from `start` on are collected up to a target length; the first few of
    them, a random number, are A. B is the rest; or, with probability 0.5, and always if there is
    only one sentence, it is sentences from a random position in another document, up to what A
    leaves of the target length. While the pair has more than `room` tokens, the longer segment
    loses its first or its last token, at random.

    Args:
        corpus: Corpus of two or more documents, with no sentence of more than `room` tokens.
        start: int64 scalar, index of the first sentence.
        room: maximum number of tokens of A and B together.
        short_probability: probability of a shorter target length, uniform between 2 and `room`.
        key: int64 (2,), seed of the stateless draws.

    Returns:
        int32 (room + 3 or fewer,), and int32 scalar: 1 if B is from another document, else 0.
    """
    draws = tf.random.stateless_uniform([6 + room], key, dtype=tf.float64)
    short, shorter, split, stay, document, position = tf.unstack(draws[:6])
    target = _target(room, short_probability, short, shorter)
    end = _gather(corpus, start, target)
    middle = start + 1 + _below(end - start - 1, split)
    a = _span(corpus, start, middle)

    is_random = (end - start == 1) | (stay < 0.5)
    elsewhere = _elsewhere(corpus, _document_of(corpus, start), document, position)
    left = tf.maximum(target - (a[1] - a[0]), 1)
    first = tf.where(is_random, elsewhere, middle)
    last = tf.where(is_random, _gather(corpus, elsewhere, left), end)
    a, b = _cut_longer(a, _span(corpus, first, last), room, draws[6:] < 0.5)
    tokens = corpus.tokens
    pair = [[CLS], tokens[a[0] : a[1]], [SEP], tokens[b[0] : b[1]], [SEP]]
    return tf.concat(pair, axis=0), tf.cast(is_random, tf.int32)


def _below(count, draw):
    """Turns a draw from [0, 1) into an integer below `count`, 0 if `count` is 0."""
    return tf.cast(tf.cast(count, tf.float64) * draw, tf.int64)


def _target(room, short_probability, short, shorter):
    return tf.where(short < short_probability, 2 + _below(room - 1, shorter), room)


def _document_of(corpus, sentence):
    return tf.searchsorted(corpus.documents, sentence[None], side="right", out_type=tf.int64)[0] - 1


def _gather(corpus, start, target):
    """Returns the end of the sentences from `start` that reach `target` tokens in a document."""
    full = corpus.sentences[start] + target
    end = tf.searchsorted(corpus.sentences, full[None], out_type=tf.int64)[0]
    return tf.minimum(end, corpus.documents[_document_of(corpus, start) + 1])


def _span(corpus, first, last):
    return corpus.sentences[first], corpus.sentences[last]


def _elsewhere(corpus, document, which, position):
    """Returns a random sentence of a random other document."""
    documents = corpus.documents
    other = _below(tf.size(documents, tf.int64) - 2, which)
    other += tf.cast(other >= document, tf.int64)
    return documents[other] + _below(documents[other + 1] - documents[other], position)


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
