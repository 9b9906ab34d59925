"""Text with spans behind sentinels, and the spans: T5's pretraining."""

from typing import Literal

import tensorflow as tf

from mmssl.pipelines.masks.ratio import check_mask_ratio
from mmssl.pipelines.masks.split_spans import noise_counts, split_spans
from mmssl.pipelines.text.passages import Passages


class CorruptedSpans(Passages):
    """Running text in which spans are replaced by sentinels, and what they stand for.

    A batch holds token_ids and padding_mask int32 (B, L), text [SEP], and target_ids and
    target_mask int32 (B, M), target [SEP]; both are padded with [PAD]. With `objective` (Raffel et
    al. 2019, arXiv 1910.10683, 3.1.4 and 3.3):

        spans:      Thank you <0> to your party <1>  ->  <0> for inviting me <1> last week
        prefix:     Thank you for inviting           ->  me to your party last week
        deshuffle:  party me for your to ...         ->  Thank you for inviting me ...

    Sentinels are the last ids of the encoder's table, descending: <0> is V - 1. So many tokens of
    text are taken that what is left of them, with sentinels and [SEP], fills L: 568 for L = 512,
    whose targets fill M = 114.

    Args:
        source: see `Passages`.
        length: L, tokens per example including special tokens, 8 or more.
        objective: `spans`, `prefix` or `deshuffle`, see above.
        mask_ratio: fraction of the tokens in spans, above 0 and below 1.
        span: mean length of a span, 1 or more.
        sentinels: number of sentinels, at least as many as an example has spans.
        batch_size: see `Passages`.
        **kwargs: see `Passages`.

    Attributes:
        target_length: M.

    Raises:
        ValueError: when an argument is out of range.
    """

    roles = ("pad", "mask", "sep")

    def __init__(
        self,
        source="builtin:docs",
        length=512,
        objective: Literal["spans", "prefix", "deshuffle"] = "spans",
        mask_ratio=0.15,
        span=3.0,
        sentinels=100,
        batch_size=128,
        **kwargs,
    ):
        super().__init__(source, length, short_probability=0.0, batch_size=batch_size, **kwargs)
        if objective not in ("spans", "prefix", "deshuffle"):
            raise ValueError(f"objective={objective!r} must be 'spans', 'prefix' or 'deshuffle'")
        check_mask_ratio(mask_ratio)
        if span < 1:
            raise ValueError(f"span={span} must be 1 or more")
        self.objective = objective
        self.mask_ratio = mask_ratio
        self.span = span
        self.sentinels = sentinels
        self._room, self.target_length = length - 1, length
        if objective == "spans":
            self._room, self.target_length, most = sizes(length, mask_ratio, span)
            if sentinels < most:
                raise ValueError(f"sentinels={sentinels} must be {most} or more for these spans")

    def example(self, index, key):
        """Makes one training element, see the class."""
        text_key, draw_key = tf.unstack(tf.random.split(key, 2))
        text, _ = self._sentences(index, key, text_key)
        make = {"spans": self._spans, "prefix": _prefix, "deshuffle": _deshuffled}
        given, wanted = make[self.objective](text, draw_key)
        token_ids = self._ended(given, self.length)
        target_ids = self._ended(wanted, self.target_length)
        return {
            "token_ids": token_ids,
            "padding_mask": self._present(token_ids),
            "target_ids": target_ids,
            "target_mask": self._present(target_ids),
        }

    def encode(self, texts, length=None, masks=False):
        """Turns texts into the encoder's inputs: text [SEP], long text truncated.

        Args:
            texts: string tensor (B,) of UTF-8.
            length: maximum number of tokens, 2 to L; None for L.
            masks: parse each "[MASK]" in a text as the next sentinel.

        Returns:
            Dict of token_ids and padding_mask int32 (B, longest of the batch).
        """
        found = super().encode(texts, length, masks)
        if not masks:
            return found
        is_mask = found["token_ids"] == self.tokenizer.specials.mask
        sentinels = self.sentinel(_numbers(is_mask))
        return {**found, "token_ids": tf.where(is_mask, sentinels, found["token_ids"])}

    def framed(self, ids, length):
        """See `encode`."""
        ids, specials = ids[:, : length - 1], self.tokenizer.specials
        ends = specials.sep * tf.ones_like(ids[:, :1].to_tensor(shape=[None, 1]))
        ids = tf.concat([ids, ends], axis=1)
        return {
            "token_ids": ids.to_tensor(specials.pad),
            "padding_mask": tf.ones_like(ids).to_tensor(0),
        }

    def sentinel(self, number):
        """Returns the id of a sentinel, int32, by its number from 0."""
        return self.vocabulary_size + self.sentinels - 1 - number

    def encoder_arguments(self):
        """Returns the size of the encoder's embedding, sentinels included."""
        return {"vocabulary_size": self.vocabulary_size + self.sentinels}

    def method_arguments(self):
        """Returns what the decoder begins with, the id of [PAD]."""
        start = {} if self.tokenizer is None else {"start": self.tokenizer.specials.pad}
        return {**super().method_arguments(), **start}

    def _spans(self, text, key):
        masked = split_spans(tf.size(text), key, self.mask_ratio, self.span)
        return self._marked(text, masked), self._marked(text, ~masked)

    def _marked(self, text, masked):
        """Replaces each run of masked tokens with a sentinel."""
        begins = masked & ~tf.pad(masked, [[1, 0]])[:-1]
        marked = tf.where(begins, self.sentinel(_numbers(begins)), text)
        return marked[begins | ~masked]

    def _ended(self, ids, length):
        specials = self.tokenizer.specials
        ids = tf.concat([ids, [specials.sep]], axis=0)
        padded = tf.pad(ids, [[0, length - tf.size(ids)]], constant_values=specials.pad)
        return tf.ensure_shape(padded, [length])


def sizes(length, mask_ratio, span):
    """Finds how many tokens of text fill an example after corruption.

    Args:
        length: tokens of the corrupted text, sentinels and end included.
        mask_ratio: fraction of the tokens in spans.
        span: mean length of a span.

    Returns:
        int triple: tokens of text, tokens of the target, and number of spans.
    """

    def left(tokens):
        masked, spans = noise_counts(tokens, mask_ratio, span)
        return tokens - masked + spans + 1

    tokens = 2
    while left(tokens + 1) <= length:
        tokens += 1
    masked, spans = noise_counts(tokens, mask_ratio, span)
    return tokens, masked + spans + 1, spans


def _prefix(text, key):
    draw = tf.random.stateless_uniform([], key, dtype=tf.float64)
    cut = tf.cast(draw * tf.cast(tf.size(text), tf.float64), tf.int32)
    return text[:cut], text[cut:]


def _deshuffled(text, key):
    order = tf.argsort(tf.random.stateless_uniform(tf.shape(text), key, dtype=tf.float64))
    return tf.gather(text, order), text


def _numbers(where):
    """Numbers what is True from 0 on, along the last axis."""
    return tf.cumsum(tf.cast(where, tf.int32), axis=-1) - 1
