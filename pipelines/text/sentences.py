"""Consecutive sentences of documents, each in a row of its own."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources.arrays import host, viewed
from mmssl.pipelines.text.corpus import Corpus
from mmssl.pipelines.text.passages import Passages

# In a graph, sentences end as in `corpus.split_sentences`, as far as RE2 can tell.
_ABBREVIATION = r"\b((?:[A-Z]|Mr|Ms|Dr|St|Mrs)\.)\s+"
_END = r"""([.!?]["')\]\x{2019}\x{201D}]*)\s+([^\sa-z])"""
_KEPT = "\x01"  # stands for a blank that ends no sentence


class Sentences(Passages):
    """Consecutive sentences of a document, as WordPieces.

    A batch holds token_ids and padding_mask int32 (B, sentences * sentence_length): each sentence
    takes `sentence_length` tokens, padded with [PAD] at its end; there are no other special
    tokens. A longer sentence counts as several of about the same size. An element is `sentences`
    consecutive sentences of a document; an epoch shows each document as often as it takes to show
    all of them, from other sentences on in every epoch. A document with fewer is padded.

    Args:
        source: see `Passages`.
        sentences: consecutive sentences per element, 1 or more.
        sentence_length: tokens per sentence, 4 or more.
        vocabulary_size: see `Passages`.
        lowercase: see `Passages`.
        batch_size: see `Pipeline`.
        vocabulary: see `Passages`.
        **kwargs: see `Documents`.

    Raises:
        ValueError: when an argument is out of range.
    """

    roles = ("pad",)
    stored_as = ""  # what is embedded of stored tokens would not be cut into sentences

    def __init__(
        self,
        source="builtin:docs",
        sentences=16,
        sentence_length=32,
        vocabulary_size=8000,
        lowercase=True,
        batch_size=32,
        vocabulary=None,
        **kwargs,
    ):
        if sentences < 1:
            raise ValueError(f"sentences={sentences} must be 1 or more")
        if sentence_length < 4:
            raise ValueError(f"sentence_length={sentence_length} must be 4 or more")
        super().__init__(
            source,
            max(8, sentences * sentence_length),
            vocabulary_size,
            lowercase,
            batch_size=batch_size,
            vocabulary=vocabulary,
            **kwargs,
        )
        self.sentences = sentences
        self.sentence_length = sentence_length
        # A sentence of the corpus has no more tokens than that.
        self._room = sentence_length

    def index(self, folder=None):
        """Learns the vocabulary, or reads the one in `folder`, and tokenizes the source."""
        self._prepare_tokenizer(folder)
        self._corpus = Corpus.hold(self._sentences_laid_out(self._room))
        documents = viewed(self._corpus.documents)
        visits = -(-np.diff(documents) // self.sentences)
        self.count = int(visits.sum())
        self._document_of = host(np.repeat(np.arange(len(visits)), visits))
        self._first_visit = host(np.cumsum(visits) - visits)

    def example(self, index, key):
        """Makes one training element, see the class."""
        document = self._document_of[index]
        first, end = self._corpus.documents[document], self._corpus.documents[document + 1]
        shift = tf.random.stateless_uniform([], key, maxval=self.sentences, dtype=tf.int64)
        start = first + (index - self._first_visit[document]) * self.sentences
        start = start + shift - self.sentences // 2
        start = tf.maximum(first, tf.minimum(start, end - self.sentences))
        edges = self._corpus.sentences[start : tf.minimum(start + self.sentences, end) + 1]
        tokens = self._corpus.tokens[edges[0] : edges[-1]]
        rows = tf.RaggedTensor.from_row_splits(tokens, edges - edges[0])
        example = self._flat(rows[None], self.sentences)
        return {name: tf.ensure_shape(x[0], [self.length]) for name, x in example.items()}

    def encode(self, texts, length=None):
        """Turns texts into the encoder's inputs; sentences beyond the length are left out.

        Args:
            texts: string tensor (B,) of UTF-8.
            length: maximum number of tokens, padding included; None for L.

        Returns:
            Dict of token_ids and padding_mask int32 (B, sentences of the longest text *
            `sentence_length`).
        """
        self._need_tokenizer()
        most = max(1, self._checked_length(length) // self.sentence_length)
        sentences = tf.strings.split(_marked(texts), "\n")
        ids = sentences.with_values(self.tokenizer(sentences.values))
        ids = _without_long_and_empty(ids, self.sentence_length)[:, :most]
        return self._flat(ids, 1)

    def encoder_arguments(self):
        """Returns the sizes of the encoder's table of tokens, and of a sentence."""
        return {**self.own_arguments(), "sentence_length": self.sentence_length}

    def _flat(self, ids, least):
        """Pads ids, ragged (B, S, T), to `least` sentences or more, and lays them end to end."""
        shape, pad = [None, None, self.sentence_length], self.tokenizer.specials.pad
        padded = {
            "token_ids": (ids.to_tensor(pad, shape=shape), pad),
            "padding_mask": (tf.ones_like(ids).to_tensor(0, shape=shape), 0),
        }
        return {name: _lengthened(x, filler, least) for name, (x, filler) in padded.items()}


def _lengthened(rows, filler, least):
    missing = tf.maximum(0, least - tf.shape(rows)[1])
    rows = tf.pad(rows, [[0, 0], [0, missing], [0, 0]], constant_values=filler)
    return tf.reshape(rows, [tf.shape(rows)[0], tf.shape(rows)[1] * rows.shape[2]])


def _marked(texts):
    """Puts a newline between sentences."""
    texts = tf.strings.regex_replace(texts, r"\s+", " ")
    texts = tf.strings.regex_replace(texts, _ABBREVIATION, rf"\1{_KEPT}")
    texts = tf.strings.regex_replace(texts, _END, "\\1\n\\2")
    return tf.strings.regex_replace(texts, _KEPT, " ")


def _without_long_and_empty(ids, most):
    """Cuts sentences, ragged (B, S, T), into equal parts of at most `most` tokens; see `_cut`."""
    lengths = ids.values.row_lengths()
    counts = -(-lengths // most)
    number = tf.ragged.range(counts).values
    whole, parts = tf.repeat(lengths, counts), tf.repeat(counts, counts)
    cut = (number + 1) * whole // parts - number * whole // parts
    rows = tf.RaggedTensor.from_row_lengths(ids.values.values, cut)
    of_texts = tf.reduce_sum(ids.with_values(counts), axis=1)
    return tf.RaggedTensor.from_row_lengths(rows, of_texts)
