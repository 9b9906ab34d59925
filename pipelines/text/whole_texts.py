"""Short texts as token ids, each of them an element."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources.arrays import held, host, taken
from mmssl.pipelines.text.documents import Documents

_TOGETHER = 256  # texts that are tokenized together


class WholeTexts(Documents):
    """Texts of which each is an element: the first L tokens of it, padded to as many.

    What the tokens are is a matter of the class beside which it is a base; see `Documents`.
    """

    def index(self, folder=None):
        """Learns the vocabulary, or reads the one in `folder`, and tokenizes the texts."""
        self._prepare_tokenizer(folder)
        arguments = [self.tokenizer.fingerprint(), self.length]
        found = self._between_runs("whole texts", arguments, self._tokenized)
        self._tokens, self._ends = held(found["tokens"]), host(found["ends"])
        self.count = len(self.items)

    def example(self, index, key):
        """Makes one element, see the class; nothing of it is random."""
        begin = tf.where(index > 0, self._ends[tf.maximum(index - 1, 0)], 0)
        places = tf.range(begin, self._ends[index])
        size, pad = tf.size(places), self.tokenizer.specials.pad
        rest = [[0, self.length - size]]
        token_ids = tf.pad(taken(self._tokens, places), rest, constant_values=pad)
        return {
            "token_ids": tf.ensure_shape(token_ids, [self.length]),
            "padding_mask": tf.sequence_mask(size, self.length, tf.int32),
        }

    def examples(self, source, batch_size=64, max_length=None, pad=True):
        """Returns the encoder's inputs for every text, of one length; see `Documents`."""
        return super().examples(source, batch_size, max_length, pad)

    def _tokenized(self):
        """Returns the tokens of all texts, int32, and where each ends in them, int64."""
        tokens, counts = [], []
        for batch in self.examples(self.items, _TOGETHER).as_numpy_iterator():
            present = batch["padding_mask"] > 0
            tokens.append(batch["token_ids"][present])
            counts.append(present.sum(axis=1))
        ends = np.cumsum(np.concatenate(counts), dtype=np.int64)
        return {"tokens": np.concatenate(tokens), "ends": ends}
