"""Short texts as token ids, each of them whole."""

from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources.arrays import held, host, taken
from mmssl.pipelines.text.passages import Passages

_TOGETHER = 256  # texts that are tokenized together


class Captions(Passages):
    """Short texts, one an element: [CLS] text [SEP], padded with [PAD].

    A batch holds token_ids and padding_mask int32 (B, L). A text is not divided, as by `Passages`:
    what is longer than L - 2 tokens is cut, and its end is still marked by [SEP]. The last token
    that the mask counts is that end, whatever its id.

    Args:
        source: see `Documents`.
        length: L, tokens per example including special tokens, 8 or more.
        vocabulary_size: maximum number of tokens of the WordPiece vocabulary, see `Documents`.
        lowercase: see `Passages`.
        batch_size: see `Pipeline`.
        vocabulary: see `Passages`.
        **kwargs: see `Documents`.

    Raises:
        ValueError: when an argument is out of range.
    """

    def __init__(
        self,
        source: Any = "builtin:docs",
        length: int = 32,
        vocabulary_size: int = 4000,
        lowercase: bool = True,
        batch_size: int = 64,
        vocabulary: str | None = None,
        **kwargs,
    ):
        super().__init__(
            source,
            length,
            vocabulary_size,
            lowercase,
            batch_size=batch_size,
            vocabulary=vocabulary,
            short_probability=0.0,
            max_positions=None,
            **kwargs,
        )

    def index(self, folder=None):
        """Learns the vocabulary, or reads the one in `folder`, and tokenizes the texts."""
        self._prepare_tokenizer(folder)
        arguments = [self.tokenizer.fingerprint(), self.length]
        found = self._between_runs("captions", arguments, self._tokenized)
        self._tokens, self._ends = held(found["tokens"]), host(found["ends"])
        self.count = len(self.items)

    def example(self, index, key):
        """Makes one element, see the class; nothing of it is random."""
        begin = tf.where(index > 0, self._ends[tf.maximum(index - 1, 0)], 0)
        places = tf.range(begin, self._ends[index])
        token_ids = self._padded(taken(self._tokens, places))
        present = tf.sequence_mask(tf.size(places), self.length, tf.int32)
        return {"token_ids": token_ids, "padding_mask": present}

    def framed(self, ids, length):
        """See `encode`: padded to `length`, so that one graph serves all texts."""
        found = super().framed(ids, length)
        missing = [[0, 0], [0, length - tf.shape(found["token_ids"])[1]]]
        fill = {"token_ids": self.tokenizer.specials.pad, "padding_mask": 0}
        return {
            name: tf.ensure_shape(tf.pad(x, missing, constant_values=fill[name]), [None, length])
            for name, x in found.items()
        }

    def _tokenized(self):
        """Returns the tokens of all texts, int32, and where each ends in them, int64."""
        tokens, counts = [], []
        for batch in self.examples(self.items, _TOGETHER).as_numpy_iterator():
            present = batch["padding_mask"] > 0
            tokens.append(batch["token_ids"][present])
            counts.append(present.sum(axis=1))
        ends = np.cumsum(np.concatenate(counts), dtype=np.int64)
        return {"tokens": np.concatenate(tokens), "ends": ends}
