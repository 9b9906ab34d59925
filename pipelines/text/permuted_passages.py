"""Passages of text with a random order in which some of their tokens are predicted."""

import tensorflow as tf

from mmssl.pipelines.masks.scattered import scattered_spans
from mmssl.pipelines.text.passages import Passages

_LONGEST = 5  # tokens of a span


class PermutedPassages(Passages):
    """Running text [CLS] text [SEP], and the order of XLNet (Yang et al. 2019, arXiv 1906.08237).

    A batch holds token_ids and padding_mask int32 (B, L); order int32 (B, L), the place of each
    target in the order, from 0 on, and -1 elsewhere; and target_positions and target_ids int32
    (B, P) with target_weights float32 (B, P), 0 for empty slots. Of n tokens of text, round(n / K)
    are targets, in spans of 1 to 5 tokens, a length with a probability proportional to its inverse;
    their order is random, whichever span they are of. [CLS] and [SEP] are never targets. With
    `memory` a batch holds memory_ids and memory_mask int32 (B, M) as well, the text before, padded
    in front.

    Args:
        source: see `Passages`.
        length: L, tokens per example including special tokens, 8 or more.
        predict_every: K, tokens of text for each target, above 1.
        memory: M, tokens of the text before that the encoder reads as well, 0 or more.
        short_probability: see `Passages`.
        batch_size: see `Passages`.
        **kwargs: see `Passages`.

    Raises:
        ValueError: when an argument is out of range.
    """

    def __init__(
        self,
        source="builtin:docs",
        length=512,
        predict_every=6.0,
        memory=0,
        short_probability=0.0,
        batch_size=32,
        **kwargs,
    ):
        super().__init__(
            source, length, short_probability=short_probability, batch_size=batch_size, **kwargs
        )
        if predict_every <= 1:
            raise ValueError(f"predict_every={predict_every} must be above 1")
        if memory < 0:
            raise ValueError(f"memory={memory} must be 0 or more")
        self.predict_every = predict_every
        self.memory = memory
        self._most = max(1, round((length - 2) / predict_every))

    def example(self, index, key):
        """Makes one training element, see the class."""
        span_key, order_key = tf.unstack(tf.random.split(tf.random.split(key, 2)[1], 2))
        batch = super().example(index, key)
        size = tf.reduce_sum(batch["padding_mask"]) - 2
        count = tf.cast(tf.round(tf.cast(size, tf.float64) / self.predict_every), tf.int32)
        chosen = scattered_spans(size, tf.maximum(count, 1), _lengths(count, span_key), span_key)
        # [CLS] comes first.
        chosen = tf.pad(chosen, [[1, self.length - 1 - tf.size(chosen)]])
        batch |= {"order": _order(chosen, order_key), **self._targets(batch["token_ids"], chosen)}
        return batch | self._before(index, key) if self.memory else batch

    def _targets(self, token_ids, chosen):
        positions = tf.cast(tf.where(chosen)[:, 0], tf.int32)
        missing = [[0, self._most - tf.size(positions)]]

        def slots(values):
            return tf.ensure_shape(tf.pad(values, missing), [self._most])

        return {
            "target_positions": slots(positions),
            "target_ids": slots(tf.gather(token_ids, positions)),
            "target_weights": slots(tf.ones_like(positions, tf.float32)),
        }

    def _before(self, index, key):
        """Returns the tokens of the document that stand before an element's."""
        corpus, (document, begin, _), *_ = self._text(index, key)
        first = corpus.sentences[corpus.documents[document]]
        before = corpus.tokens[tf.maximum(first, begin - self.memory) : begin]
        missing = [[self.memory - tf.size(before), 0]]
        pad = self.tokenizer.specials.pad

        def placed(values, value):
            padded = tf.pad(values, missing, constant_values=value)
            return tf.ensure_shape(padded, [self.memory])

        return {
            "memory_ids": placed(before, pad),
            "memory_mask": placed(tf.ones_like(before), 0),
        }


def _order(chosen, key):
    """Numbers what is chosen in random order, and gives -1 to the rest."""
    draws = tf.random.stateless_uniform(tf.shape(chosen), key, dtype=tf.float64)
    rank = tf.argsort(tf.argsort(tf.where(chosen, draws, 1.0)))
    order = tf.where(chosen, rank, -1)
    return tf.ensure_shape(order, [None])


def _lengths(count, key):
    """Draws lengths from 1 to 5 with probabilities proportional to their inverses."""
    odds = [1 / length for length in range(1, _LONGEST + 1)]
    edges = [sum(odds[: n + 1]) / sum(odds) for n in range(_LONGEST - 1)]
    draws = tf.random.stateless_uniform(tf.maximum(count, 1)[None], key, dtype=tf.float64)
    return 1 + tf.searchsorted(tf.constant(edges, tf.float64), draws, side="right")
