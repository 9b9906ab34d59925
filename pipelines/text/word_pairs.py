"""Pairs of words with their counts, for GloVe."""

import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import mapped
from mmssl.pipelines.sources.arrays import held, taken
from mmssl.pipelines.text.cooccurrence import count_cooccurrences
from mmssl.pipelines.text.word_documents import WordDocuments

_LONGEST = 1000  # words of a sentence; where longer ones are cut does not matter here


class WordPairs(WordDocuments):
    """Pairs of words that stand near each other, with how often they do.

    A batch holds token_ids and padding_mask int32 (B, 2), a word and a word of its context, and
    counts float32 (B,), X_ij > 0: the sum over all places where they stand at most `window` words
    apart, in either order, of one over their distance. Words that the vocabulary lacks are left out
    before distances are counted; documents, not sentences, bound a window. An epoch shows every
    pair with X_ij > 0 in both directions, in an order of its own.

    Counting takes one pass over the text and memory for some million pairs, whatever the size of
    the text; the counts are kept on disk, see `Pipeline`.

    Args:
        source: see `Documents`.
        length: most words of a text that is encoded.
        vocabulary_size: see `WordDocuments`.
        min_count: see `WordDocuments`.
        window: how many words away the context ends, 1 or more.
        batch_size: pairs per batch.
        vocabulary: see `WordDocuments`.
        **kwargs: see `Documents`.

    Raises:
        ValueError: when an argument is out of range.
    """

    def __init__(
        self,
        source="builtin:docs",
        length=1024,
        vocabulary_size=30000,
        min_count=5,
        window=10,
        batch_size=8192,
        vocabulary=None,
        **kwargs,
    ):
        super().__init__(
            source, length, vocabulary_size, min_count, batch_size, vocabulary, **kwargs
        )
        if window < 1:
            raise ValueError(f"window={window} must be 1 or more")
        self.window = window

    def index(self, folder=None):
        """Learns the vocabulary, or reads the one in `folder`, and counts pairs."""
        arrays = self._looked_up(folder, _LONGEST)
        edges = arrays["sentences"][arrays["documents"]]

        def count(place):
            size = len(self.tokenizer)
            return count_cooccurrences(arrays["tokens"], edges, size, self.window, Path(place))

        with tempfile.TemporaryDirectory() as place:
            found = self._between_runs(
                "pairs", [self.tokenizer.fingerprint(), self.window], lambda: count(place)
            )
            self._hold(found)

    def batched(self, numbers, seed, rows):
        """Reads whole batches of pairs; see `Pipeline`."""

        def batch(chosen):
            index = self.item_index(chosen, seed) % self._directed
            return self._pairs_at(tf.ensure_shape(index, [rows]))

        return mapped(numbers.batch(rows, drop_remainder=True), batch, self.num_parallel_calls)

    def _hold(self, found):
        first, second = found["first"], found["second"]
        if not len(first):
            raise ValueError("no two words of the vocabulary stand near each other")
        # Those of a word with itself stand at the end, and have one direction.
        self._apart = len(first) - int(np.count_nonzero(first == second))
        self._directed = self._apart + len(first)
        self._first, self._second = held(first), held(second)
        self._counts = held(found["counts"])
        # A source of less than a batch repeats its few pairs.
        self.count = max(self.batch_size, self._directed)

    def _pairs_at(self, index):
        """Returns the pairs with these numbers: each pair of two words has two in a row."""
        both = index < 2 * self._apart
        place = tf.where(both, index // 2, index - self._apart)
        pair = tf.stack([taken(x, place) for x in (self._first, self._second)], axis=1)
        turned = (both & (index % 2 == 1))[:, None]
        ids = tf.where(turned, tf.reverse(pair, [1]), pair)
        return {
            "token_ids": ids,
            "padding_mask": tf.ones_like(ids),
            "counts": taken(self._counts, place),
        }
