"""Short texts as token ids, each of them whole."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.text.passages import Passages
from mmssl.pipelines.text.whole_texts import WholeTexts


class Captions(WholeTexts, Passages):
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

    def framed(self, ids, length):
        """See `encode`: padded to `length`, so that one graph serves all texts."""
        found = super().framed(ids, length)
        missing = [[0, 0], [0, length - tf.shape(found["token_ids"])[1]]]
        fill = {"token_ids": self.tokenizer.specials.pad, "padding_mask": 0}
        return {
            name: tf.ensure_shape(tf.pad(x, missing, constant_values=fill[name]), [None, length])
            for name, x in found.items()
        }
