"""Captions, and the codes that a tokenizer makes of the pictures they belong to."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.pipelines.codes import Codes
from mmssl.pipelines.elements import mapped
from mmssl.pipelines.sources import Source
from mmssl.pipelines.sources.arrays import host
from mmssl.pipelines.text import Captions

CAPTIONS = "captions"  # folder of a run folder with what was learned of the texts
_TOGETHER = 256  # captions that are tokenized together


class CaptionedCodes(Codes):
    """Codes of pictures as `Codes` has them, each with its caption as `Captions` has it.

    The source has a column of captions: `builtin:shapes`, a table of files such as one with the
    columns `file` and `caption`, or a folder of codes that `mmssl tokenize` wrote of these. Items
    without a caption are left out, counted and named.

    Batches hold codes int32 (B, H, W), and token_ids and padding_mask int32 (B, L). Inputs of a
    trained encoder have the same names; their captions are empty, since a caption may tell what a
    picture is asked for. See `captioned_examples` for items with their captions.

    Args:
        source: see `Codes`.
        tokens: run folder of a tokenizer of pictures; None where the source holds codes.
        length: L, tokens of a caption, special tokens included, 8 or more.
        vocabulary_size: maximum number of tokens of the WordPiece vocabulary, see `Captions`.
        lowercase: see `Captions`.
        vocabulary: see `Captions`.
        caption_column: column of the source that holds the captions.
        batch_size: see `Codes`.
        **kwargs: see `Codes`.

    Attributes:
        captions: Captions, the pipeline of the texts.
    """

    def __init__(
        self,
        source: Any = "builtin:shapes",
        tokens: str | None = None,
        length: int = 16,
        vocabulary_size: int = 1000,
        lowercase: bool = True,
        vocabulary: str | None = None,
        caption_column: str = "caption",
        batch_size: int = 64,
        **kwargs,
    ):
        super().__init__(source, tokens, batch_size=batch_size, **kwargs)
        self.caption_column = caption_column
        self.captions = Captions(
            [], length, vocabulary_size, lowercase, batch_size=1, vocabulary=vocabulary
        )
        self._texts = None

    # What is read.

    def open_to_train(self):
        """Opens the items of the split that have a caption; see `Pipeline.open_to_train`."""
        return self._captioned(super().open_to_train())

    def _captioned(self, source):
        """Returns the items of a source that have a caption."""
        blank = np.array([not text.strip() for text in self.captions_of(source)], bool)
        if not blank.any():
            return source
        found = source.select(~blank)
        found.left_out = [
            *source.left_out,
            *((str(source.names[i]), "without a caption") for i in np.flatnonzero(blank)),
        ]
        return found

    def captions_of(self, source):
        """Returns the captions of the items of a source, list of str.

        Raises:
            ValueError: it has no such column.
        """
        if self.caption_column not in source.columns:
            there = ", ".join(source.columns) or "none"
            raise ValueError(
                f"the source has no column {self.caption_column!r} of captions (its columns: "
                f"{there}): give a table with the columns file and {self.caption_column}, or name "
                "the column as data.caption_column"
            )
        return [str(text) for text in source.columns[self.caption_column]]

    def index(self, folder=None):
        """Learns the vocabulary of the captions, or reads it from the run folder; see `Codes`."""
        super().index(folder)
        texts = self.captions_of(self.items)
        place = None if folder is None else Path(folder, CAPTIONS)
        if place is not None:
            place.mkdir(parents=True, exist_ok=True)
        self.captions = self.captions.on(list(dict.fromkeys(texts))).prepare(place)
        found = list(self._encoded(texts).as_numpy_iterator())
        self._texts = {
            name: host(np.concatenate([batch[name] for batch in found])) for name in found[0]
        }

    def _encoded(self, texts):
        """Returns captions as token ids, a tf.data.Dataset of dicts (B, L)."""
        return mapped(
            tf.data.Dataset.from_tensor_slices(texts).batch(_TOGETHER), self.captions.encode
        )

    def reopen(self, folder):
        """Reads what the codes and the vocabulary are that a run has begun with."""
        super().reopen(folder)
        self.captions.reopen(Path(folder, CAPTIONS))

    def restore(self, folder):
        """Reads what the codes of a run are, and the vocabulary of its captions."""
        super().restore(folder)
        self.captions.restore(Path(folder, CAPTIONS))

    def own_arguments(self):
        """Returns the size of a vocabulary that is read."""
        return {**super().own_arguments(), **self.captions.own_arguments()}

    def encoder_arguments(self):
        """Returns the number and shape of codes, and the sizes of vocabulary and caption."""
        return {**super().encoder_arguments(), **self.captions.encoder_arguments()}

    # Elements.

    def example(self, index, key):
        codes = super().inputs(self.item(index))
        return {**codes, **{name: tf.gather(x, index) for name, x in self._texts.items()}}

    def inputs(self, item, max_length=None):
        empty = self.captions.encode(tf.constant([""]))
        return {**super().inputs(item), **{name: x[0] for name, x in empty.items()}}

    def encode(self, texts):
        """Turns captions, a string tensor (B,), into token_ids and padding_mask int32 (B, L)."""
        return self.captions.encode(texts)

    def captioned_examples(self, source, batch_size=64):
        """Returns the codes of the items of a source with their captions, in order.

        Args:
            source: Source with a column of captions, or anything that `open` accepts.
            batch_size: items per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts, as batches of training.
        """
        source = source if isinstance(source, Source) else self.open(source)
        source = self._captioned(source)
        codes = self.examples(source, batch_size)
        texts = self._encoded(self.captions_of(source)).unbatch().batch(batch_size)
        return mapped(tf.data.Dataset.zip(codes, texts), lambda one, other: {**one, **other})
