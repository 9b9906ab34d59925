"""Running words with the windows around them, and words of noise, for word2vec."""

from typing import Literal

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources.arrays import held, host, taken
from mmssl.pipelines.text.huffman import huffman_paths
from mmssl.pipelines.text.word_documents import WordDocuments

_DEVIATIONS = 5  # of the number of words that are kept, for which a row has room


class WordWindows(WordDocuments):
    """Rows of L words, in whole sentences, with the windows and the noise of word2vec.

    A batch holds

        token_ids, padding_mask: int32 (B, L).
        sentences: int32 (B, L), the number of a word's sentence in its row, from 1; 0 for padding.
        radius: int32 (B, L), uniform from 1 to `window`: how far the window of a word reaches.
        negatives: int32 (B, L / `block`, `noise_words`), drawn by their frequency to the power of
            3/4, for each block of words; or, with `hierarchical_softmax`,
        nodes: int32 (B, L / `block`, `block`, P) and signs: float32 of this shape, the way to each
            word in the tree of `huffman_paths`.

    Of each word whose frequency f is above `subsample` = t, an occurrence is kept with probability
    sqrt(t / f) + t / f, as in the authors' code, before windows are formed, which so reach over
    those that are left out. Windows do not reach beyond a sentence. An epoch shows every sentence
    once.

    Args:
        source: see `Documents`.
        length: L, words of a row, a multiple of `block`; it is filled to about nine tenths.
            Sentences are cut after half as many words.
        vocabulary_size: see `WordDocuments`.
        min_count: see `WordDocuments`.
        window: largest radius of a window, 1 to `block`.
        subsample: t, 0 or more; 0 keeps all words.
        output: `negative_sampling` or `hierarchical_softmax`: what the method predicts with.
        noise_words: K, words of noise that the words of a block share, 1 or more.
        block: words that share their noise, and whose windows are computed together.
        batch_size: see `Pipeline`.
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
        window=5,
        subsample=1e-3,
        output: Literal["negative_sampling", "hierarchical_softmax"] = "negative_sampling",
        noise_words=20,
        block=32,
        batch_size=8,
        vocabulary=None,
        **kwargs,
    ):
        super().__init__(
            source, length, vocabulary_size, min_count, batch_size, vocabulary, **kwargs
        )
        if output not in ("negative_sampling", "hierarchical_softmax"):
            raise ValueError(
                f"output={output!r} must be 'negative_sampling' or 'hierarchical_softmax'"
            )
        if block < 1 or length % block:
            raise ValueError(f"block={block} must be 1 or more and divide length={length}")
        if not 1 <= window <= block:
            raise ValueError(f"window={window} must lie between 1 and block={block}")
        if subsample < 0:
            raise ValueError(f"subsample={subsample} must be 0 or more")
        if noise_words < 1:
            raise ValueError(f"noise_words={noise_words} must be 1 or more")
        self.window = window
        self.subsample = subsample
        self.output = output
        self.noise_words = noise_words
        self.block = block

    def index(self, folder=None):
        """Learns the vocabulary, or reads the one in `folder`, and lays out the rows."""
        arrays = self._looked_up(folder, self.length // 2)
        self._tokens, self._sentences = held(arrays["tokens"]), held(arrays["sentences"])
        keep = keep_probabilities(self.counts, self.subsample)
        rows = _rows(arrays["tokens"], arrays["sentences"], keep, self.length)
        self._keep, self._rows = host(keep.astype(np.float32)), host(rows)
        if self.output == "negative_sampling":
            self._noise = host(noise_distribution(self.counts))
        else:
            self._nodes, self._signs = map(host, self._tree())
        # A source of less than a batch repeats its few rows.
        self.count = max(self.batch_size, len(rows) - 1)

    def example(self, index, key):
        """Makes one training element, see the class."""
        kept, radii, noise = tf.unstack(tf.random.split(key, 3))
        words, sentences = self._words(index % (tf.size(self._rows, tf.int64) - 1), kept)
        missing = [[0, self.length - tf.size(words)]]
        words = tf.ensure_shape(tf.pad(words, missing), [self.length])
        sentences = tf.ensure_shape(tf.pad(sentences, missing), [self.length])
        radius = tf.random.stateless_uniform([self.length], radii, 1, self.window + 1, tf.int32)
        return {
            "token_ids": words,
            "padding_mask": tf.cast(sentences > 0, tf.int32),
            "sentences": sentences,
            "radius": radius,
            **self._predicted(words, noise),
        }

    def method_arguments(self):
        """Returns the window and what the method predicts with."""
        return {"window": self.window, "output": self.output}

    def _words(self, row, key):
        """Returns the words of a row that are kept, and the numbers of their sentences."""
        first, last = self._rows[row], self._rows[row + 1]
        ends = taken(self._sentences, tf.range(first, last + 1))
        words = taken(self._tokens, tf.range(ends[0], ends[-1]))
        numbers = tf.repeat(tf.range(1, tf.size(ends)), ends[1:] - ends[:-1])
        kept = tf.random.stateless_uniform(tf.shape(words), key) < tf.gather(self._keep, words)
        chosen = tf.where(kept)[: self.length, 0]
        return tf.gather(words, chosen), tf.gather(numbers, chosen)

    def _predicted(self, words, key):
        blocks = self.length // self.block
        if self.output == "negative_sampling":
            draws = tf.random.stateless_uniform([blocks * self.noise_words], key, dtype=tf.float64)
            negatives = tf.searchsorted(self._noise, draws, side="right")
            return {"negatives": tf.reshape(negatives, [blocks, self.noise_words])}
        shape = [blocks, self.block, self._nodes.shape[1]]
        signs = tf.where((words > 0)[:, None], tf.gather(self._signs, words), 0)
        return {
            "nodes": tf.reshape(tf.gather(self._nodes, words), shape),
            "signs": tf.cast(tf.reshape(signs, shape), tf.float32),
        }

    def _tree(self):
        """The ways to all ids; those that do not occur have none."""
        there = np.flatnonzero(self.counts)
        ways = huffman_paths(self.counts[there])
        tables = [np.zeros((len(self.counts), way.shape[1]), way.dtype) for way in ways]
        for table, way in zip(tables, ways, strict=True):
            table[there] = way
        return tables


def keep_probabilities(counts, subsample):
    """Returns the probability, float64 (V,), with which an occurrence of each word is kept.

    Args:
        counts: int array (V,).
        subsample: t, see `WordWindows`.
    """
    if not subsample:
        return np.ones(len(counts))
    rarity = subsample * counts.sum() / np.maximum(counts, 1)
    return np.minimum(1.0, np.sqrt(rarity) + rarity)


def noise_distribution(counts):
    """Returns the upper ends, float64 (V,), of the parts of [0, 1) that words of noise have.

    Args:
        counts: int array (V,); a word's part is as wide as its count to the power of 3/4.
    """
    ends = np.cumsum(counts.astype(np.float64) ** 0.75)
    return ends / ends[-1]


def _rows(tokens, sentences, keep, length):
    """Returns the first sentence of each row, and the number of sentences, int64.

    A row has as many whole sentences as it has room for when it keeps more words than expected.
    """
    expected = keep[tokens]
    kept = np.concatenate([[0], np.cumsum(expected)])[sentences]
    variance = np.concatenate([[0], np.cumsum(expected * (1 - expected))])[sentences]
    rows = [0]
    while rows[-1] < len(sentences) - 1:
        at = rows[-1]
        room = length - _DEVIATIONS * np.sqrt(length * variance[-1] / kept[-1])
        rows.append(max(at + 1, int(np.searchsorted(kept, kept[at] + room, side="right")) - 1))
    return np.array(rows, np.int64)
