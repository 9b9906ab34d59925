"""Documents as whole words: the base of pipelines for word vectors."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.text.corpus import count_tokens, sentence_ids
from mmssl.pipelines.text.documents import Documents
from mmssl.pipelines.text.stored_tokens import packed
from mmssl.pipelines.text.words import VOCABULARY_FILE, Words, learn_words


class WordDocuments(Documents):
    """Sentences of whole words; see `Words` for what a word is.

    A subclass defines `index`, with `_looked_up`, and `example` or `batched`. It may set `words` to
    a subclass of `Words` with another idea of what a word is.

    Args:
        source: see `Documents`.
        length: see `Documents`.
        vocabulary_size: maximum number of words, the padding included.
        min_count: how often a word of the vocabulary occurs at least, 1 or more; others are left
            out before windows are formed.
        batch_size: see `Pipeline`.
        vocabulary: see `Documents`; a published one makes vectors of its tokens.
        **kwargs: see `Documents`.

    Attributes:
        counts: int64 array (V,), how often each word occurs; None before `prepare`.

    Raises:
        ValueError: when an argument is out of range.
    """

    words = Words
    vocabulary_file = VOCABULARY_FILE
    stored_as = "sentences"
    roles = ("pad",)

    def __init__(
        self, source, length, vocabulary_size, min_count, batch_size, vocabulary, **kwargs
    ):
        super().__init__(source, length, vocabulary_size, batch_size, vocabulary, **kwargs)
        if length < 8:
            raise ValueError(f"length={length} must be 8 or more")
        if vocabulary_size < 3:
            raise ValueError(f"vocabulary_size={vocabulary_size} must be 3 or more")
        if min_count < 1:
            raise ValueError(f"min_count={min_count} must be 1 or more")
        self.min_count = min_count
        self.counts = None

    def framed(self, ids, length):
        """See `Documents.framed`; there is a place of padding at least."""
        ids, pad = ids[:, :length], self.tokenizer.specials.pad
        least = [[0, 0], [0, tf.maximum(0, 1 - tf.cast(ids.bounding_shape()[1], tf.int32))]]
        return {
            "token_ids": tf.pad(ids.to_tensor(pad), least, constant_values=pad),
            "padding_mask": tf.pad(tf.ones_like(ids).to_tensor(0), least),
        }

    def stored(self, text):
        """Returns the words of a text, with marks where its sentences begin."""
        return packed(*sentence_ids(text, self.tokenizer), len(text))

    def learn_tokenizer(self, texts):
        """Lists the words of an iterable of str."""
        arguments = [self.vocabulary_size, self.min_count]
        learned = self._between_runs(
            self.words.__qualname__,
            arguments,
            lambda: {"words": np.array(learn_words(texts, *arguments, self.words.spaced))},
        )
        return self.words(learned["words"].tolist())

    def read_tokenizer(self, folder):
        """Reads the words from a folder."""
        return self.words.read(folder)

    def _looked_up(self, folder, longest):
        """Learns the vocabulary, or reads the one in `folder`, and looks up the source's words.

        Args:
            folder: see `Pipeline.index`.
            longest: words after which sentences are cut.

        Returns:
            Dict of the arrays of a `Corpus`; `counts` is set.
        """
        self._prepare_tokenizer(folder)
        arrays = self._sentences_laid_out(longest)
        self.counts = count_tokens(arrays["tokens"], len(self.tokenizer))
        if np.count_nonzero(self.counts) < 2:
            raise ValueError("the texts have fewer than two words of the vocabulary to learn from")
        return arrays
