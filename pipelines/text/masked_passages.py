"""Passages of text with masked tokens for a student, and unmasked for a teacher."""

from typing import Literal

import tensorflow as tf

from mmssl.pipelines.masks.ratio import check_mask_ratio
from mmssl.pipelines.masks.spans import span_mask
from mmssl.pipelines.text.masking import mask_tokens
from mmssl.pipelines.text.passages import Passages


class MaskedPassages(Passages):
    """Running text [CLS] text [SEP] twice: with masked tokens, and without.

    A batch holds token_ids, teacher_token_ids and padding_mask int32 (B, L), padded with [PAD],
    and mask int32 (B, L), 1 where token_ids is [MASK]: these positions are predicted, as in the
    official code of data2vec (Baevski et al. 2022, arXiv 2202.03555).

    Args:
        source: see `Passages`.
        length: L, tokens per example including special tokens, 8 or more.
        masking: `tokens` selects single tokens as BERT does, of which 80 % become [MASK], 10 % a
            random id and 10 % stay; the latter two are not predicted (the paper). `spans` replaces
            whole spans with [MASK] (the code's configuration: 0.35 in spans of 4, which mask 31 %
            of the tokens, as spans overlap).
        mask_ratio: fraction of the tokens to select, or that the spans would mask if none
            overlapped, above 0 and below 1.
        span: tokens per span, 1 or more.
        short_probability: probability of a random shorter target length, 0 to 1.
        batch_size: see `Passages`.
        **kwargs: see `Passages`.

    Raises:
        ValueError: when an argument is out of range.
    """

    def __init__(
        self,
        source="builtin:docs",
        length=512,
        masking: Literal["tokens", "spans"] = "tokens",
        mask_ratio=0.15,
        span=4,
        short_probability=0.0,
        batch_size=32,
        **kwargs,
    ):
        super().__init__(
            source, length, short_probability=short_probability, batch_size=batch_size, **kwargs
        )
        if masking not in ("tokens", "spans"):
            raise ValueError(f"masking={masking!r} must be 'tokens' or 'spans'")
        check_mask_ratio(mask_ratio)
        if span < 1:
            raise ValueError(f"span={span} must be 1 or more")
        self.masking = masking
        self.mask_ratio = mask_ratio
        self.span = span

    def example(self, index, key):
        """Makes one training element, see the class."""
        mask_key = tf.random.split(key, 2)[1]
        batch = super().example(index, key)
        whole = batch["token_ids"]
        mask_ids = self._mask_tokens if self.masking == "tokens" else self._mask_spans
        masked = mask_ids(whole, mask_key)
        mask = tf.cast(masked == self.tokenizer.specials.mask, tf.int32)
        return {**batch, "token_ids": masked, "teacher_token_ids": whole, "mask": mask}

    def _mask_tokens(self, whole, key):
        size, specials = len(self.tokenizer), self.tokenizer.specials
        return mask_tokens(whole, key, size, specials, self.mask_ratio, self.length)["token_ids"]

    def _mask_spans(self, whole, key):
        # [CLS] comes first and [SEP] after the text: neither is text.
        text = self._present(whole[2:])
        spans = span_mask(text, key, self.mask_ratio, self.span)
        return tf.where(tf.pad(spans, [[1, 1]]), self.tokenizer.specials.mask, whole)
