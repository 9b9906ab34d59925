"""Sentence pairs for pretraining on text."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.masks.ratio import check_mask_ratio
from mmssl.pipelines.sources.arrays import host
from mmssl.pipelines.text.masking import mask_tokens
from mmssl.pipelines.text.pairing import segment, sentence_pair
from mmssl.pipelines.text.passages import Passages
from mmssl.pipelines.text.tokenizer import PAD


class SentencePairs(Passages):
    """BERT's pretraining examples (Devlin et al. 2019, arXiv 1810.04805, section 3.1).

    A batch holds token_ids and padding_mask int32 (B, L), the text [CLS] A [SEP] B [SEP] padded
    with [PAD]; masked_positions and masked_ids int32 (B, P), masked_weights float32 (B, P) (see
    `masking.mask_tokens`); next_is_random int32 (B,), 0 where B follows A in its document, 1 where
    B comes from another document.

    An element starts at a sentence and continues with those that follow in the same document, up
    to L - 3 tokens or, with probability `short_probability`, up to a random shorter target length.
    A random number of these sentences are A. With probability 0.5, and always if there is only one
    sentence, B is consecutive sentences from a random position in another document; otherwise it
    is the rest. A pair that is too long loses tokens of its longer segment, from the front or the
    back at random.

    The paper makes pairs in one pass and puts the sentences that a random B left unused back into
    the stream. Here elements are made with random access, in any order, so there is no stream:
    every sentence with L - 3 or more tokens left in its document starts exactly one element per
    epoch (and so does the first sentence of a shorter document), whatever was drawn for the
    others. So what a random B leaves unused is the A of other elements of the same epoch. An epoch
    shows the text as many times as there are sentences in L - 3 tokens, which corresponds to the
    paper's tenfold duplication, with new masks each time.

    Args:
        source: see `Passages`.
        length: L, tokens per example including special tokens, 8 or more.
        mask_ratio: fraction of the tokens to mask, above 0 and below 1.
        max_predictions: P, maximum number of masked tokens per example, 1 to L.
        next_sentence: make pairs. False gives single segments [CLS] text [SEP] without
            next_is_random (RoBERTa, Liu et al. 2019, arXiv 1907.11692); required if there is only
            one document, as a random B must come from another.
        whole_words: mask all tokens of a word together.
        batch_size: see `Passages`.
        **kwargs: see `Passages`.

    Raises:
        ValueError: when an argument is out of range.
    """

    def __init__(
        self,
        source="builtin:docs",
        length=128,
        mask_ratio=0.15,
        max_predictions=20,
        next_sentence=True,
        whole_words=False,
        batch_size=32,
        **kwargs,
    ):
        super().__init__(source, length, batch_size=batch_size, **kwargs)
        check_mask_ratio(mask_ratio)
        if not 1 <= max_predictions <= length:
            raise ValueError(
                f"max_predictions={max_predictions} must lie between 1 and length={length}"
            )
        self.mask_ratio = mask_ratio
        self.max_predictions = max_predictions
        self.next_sentence = next_sentence
        self.whole_words = whole_words
        # Tokens of text in a full example.
        self._room = length - (3 if next_sentence else 2)

    def index(self, folder=None):
        """Learns the vocabulary, or reads the one in `folder`, and tokenizes the source."""
        self._check_documents(len(self.items))
        super().index(folder)
        self._continues = host(self.tokenizer.continues()) if self.whole_words else None
        self._check_documents(len(self._corpus.documents) - 1, len(self._corpus.sentences) - 1)

    def example(self, index, key):
        """Makes one training element, see the class."""
        text_key, mask_key = tf.unstack(tf.random.split(key, 2))
        where = self._corpus, self._starts[index], self._room, self.short_probability, text_key
        if self.next_sentence:
            text, is_random = sentence_pair(*where)
            labels = {"next_is_random": is_random}
        else:
            text, labels = segment(*where), {}
        token_ids = self._padded(text)
        masked = mask_tokens(
            token_ids,
            mask_key,
            len(self.tokenizer),
            self.mask_ratio,
            self.max_predictions,
            self._continues,
        )
        return masked | labels | {"padding_mask": tf.cast(token_ids != PAD, tf.int32)}

    def method_arguments(self):
        """Returns whether the batches have pairs for next-sentence prediction."""
        return {"next_sentence": self.next_sentence}

    def token_frequencies(self):
        """Returns the relative frequency of each token id in the source: float64 (V,), sum 1."""
        self.prepare()
        counts = np.bincount(self._corpus.tokens.numpy(), minlength=self.vocabulary_size)
        return counts / counts.sum()

    def _check_documents(self, documents, sentences=None):
        if self.next_sentence and documents < 2:
            raise ValueError(
                f"the source has only one document ({self.items.names[0]}), and a random next "
                "sentence must come from another: set next_sentence=False, or give a folder with "
                "one file per document"
            )
        if self.next_sentence and sentences == documents:
            raise ValueError(
                f"each of the {documents} documents is a single sentence, so none has a next "
                "sentence: set next_sentence=False"
            )
