"""Texts as prepared shards hold them once they are tokenized."""

import hashlib
import json

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import mapped


def packed(ids, lengths, characters):
    """Returns what is stored of a text.

    Args:
        ids: int32 (T,), its tokens.
        lengths: int64 (S,), how many of them each sentence has; None where sentences do not matter.
        characters: int, of the text.

    Returns:
        int32 (1 + T,): the number of characters, and the ids. The first of each sentence has its
        bits inverted, and so is below 0.

    Raises:
        ValueError: it has no token.
    """
    if not len(ids):
        raise ValueError("it has no token")
    ids = np.array(ids, np.int32)
    if lengths is not None:
        firsts = (np.cumsum(lengths) - lengths)[lengths > 0]
        ids[firsts] = ~ids[firsts]
    return np.concatenate([[characters], ids]).astype(np.int32)


def unpacked(stored):
    """Returns what `packed` was given, but for sentences without tokens: (ids, lengths, int)."""
    ids, marks = stored[1:], np.flatnonzero(stored[1:] < 0)
    lengths = np.diff(np.append(marks, len(ids)))
    return np.where(ids < 0, ~ids, ids), lengths, int(stored[0])


def tokenizer_hash(tokenizer):
    """Returns a hash that tells tokenizers apart which give different ids."""
    text = json.dumps(tokenizer.fingerprint(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def about_tokens(source):
    """Returns what prepared shards say of their tokens, a dict; None where they hold none."""
    return None if source.index is None else source.index.manifest.get("tokens")


class TokenReader:
    """Reads the tokens of prepared shards, where a `TextReader` reads texts.

    Args:
        source: Source of what `packed` returns.
        tokenizer: of a vocabulary, that of the shards; None where only sizes are read.
        calls: records that are read in parallel, or tf.data.AUTOTUNE.
    """

    def __init__(self, source, tokenizer, calls):
        self._source, self._tokenizer, self._calls = source, tokenizer, calls

    def size_read(self, index):
        """Reads a record, and returns its number of tokens, int64 (1,); works in a graph."""
        return tf.shape(self._source.read(index), tf.int64) - 1

    def ids(self, index, most=None):
        """Returns the tokens of a text, or the first of them, int32 (T,); works in a graph."""
        ids = self._source.read(index)[1:][:most]
        return tf.where(ids < 0, tf.bitwise.invert(ids), ids)

    def beginning(self, index, characters):
        """See `TextReader.beginning`: as the vocabulary spells its tokens."""

        def spelled(ids):
            return self._tokenizer.decode(ids).encode()

        ids = self.ids(index, characters)
        return tf.reshape(tf.numpy_function(spelled, [ids], tf.string, stateful=False), [1])

    def documents(self):
        """Yields (index, ids, lengths, characters) of all texts, see `unpacked`."""
        numbers = tf.data.Dataset.range(len(self._source))
        records = mapped(numbers, self._source.read, self._calls)
        for number, stored in enumerate(records.as_numpy_iterator()):
            yield number, *unpacked(stored)
