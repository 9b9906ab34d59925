"""Passages of text with tokens that are hidden from a student, and the same whole for a teacher."""

from typing import Literal

import tensorflow as tf

from mmssl.pipelines.audio.span_masked import span_mask
from mmssl.pipelines.masks.ratio import check_mask_ratio
from mmssl.pipelines.text.masking import mask_tokens
from mmssl.pipelines.text.passages import Passages
from mmssl.pipelines.text.tokenizer import MASK, PAD


class MaskedPassages(Passages):
    """Running text [CLS] text [SEP] twice: with hidden tokens, and whole.

    A batch holds token_ids, teacher_token_ids and padding_mask int32 (B, L), padded with [PAD],
    and mask int32 (B, L), 1 where token_ids has [MASK]: these places are predicted, as in
    data2vec's code (Baevski et al. 2022, arXiv 2202.03555).

    Args:
        source: see `Passages`.
        length: L, tokens of an example with special ones, 8 or more.
        masking: `tokens` chooses single tokens as BERT does, of which 80 % become [MASK], 10 % a
            random id and 10 % stay; the latter two are not predicted (the paper). `spans` hides
            spans, all of them behind [MASK] (the code's configuration: 0.35 in spans of 4, of
            which 31 % of the tokens are hidden, as spans overlap).
        mask_ratio: share of the tokens to choose, or that the spans would hide if none
            overlapped, above 0 and below 1.
        span: tokens of a span, 1 or more.
        short_probability: share of elements with a random shorter target, 0 to 1.
        batch_size: see `Passages`, like what `kwargs` holds.

    Raises:
        ValueError: naming the argument that is out of range.
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
        text_key, mask_key = tf.unstack(tf.random.split(key, 2))
        batch = super().example(index, text_key)
        whole = batch["token_ids"]
        hide = self._hide_tokens if self.masking == "tokens" else self._hide_spans
        hidden = hide(whole, mask_key)
        mask = tf.cast(hidden == MASK, tf.int32)
        return {**batch, "token_ids": hidden, "teacher_token_ids": whole, "mask": mask}

    def _hide_tokens(self, whole, key):
        size = len(self.tokenizer)
        return mask_tokens(whole, key, size, self.mask_ratio, self.length)["token_ids"]

    def _hide_spans(self, whole, key):
        # [CLS] stands first, [SEP] behind the text: neither is text.
        text = tf.cast(whole[2:] != PAD, tf.int32)
        spans = span_mask(text, key, self.mask_ratio, self.span)
        return tf.where(tf.pad(spans, [[1, 1]]), MASK, whole)
