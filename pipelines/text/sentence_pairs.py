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

    An element starts at a sentence and gathers those that follow in the same document up to L - 3
    tokens, or, with probability `short_probability`, up to a random shorter target. A random number
    of these sentences are A. With probability 0.5, and always if there is one sentence only, B is a
    run of sentences from a random place in another document; else it is the rest. A pair that is
    too long loses tokens of its longer part, from the front or the back at random.

    The paper makes pairs in one pass and puts the sentences that a random B left unused back into
    the stream. Here elements are made at random access, in any order, so no stream is kept: every
    sentence from which its document still fills L - 3 tokens starts exactly one element an epoch
    (a shorter document's first sentence does), whatever was drawn for the others. What a random B
    leaves unused is therefore the A of other elements of the same epoch. An epoch shows the text
    as often as L - 3 tokens hold sentences, in the way of the paper's tenfold duplication, with
    masks drawn anew.

    Args:
        source: see `Passages`.
        length: L, tokens of an example with special ones, 8 or more.
        mask_ratio: share of the tokens to hide, above 0 and below 1.
        max_predictions: P, the most tokens to hide in an example, 1 to L.
        next_sentence: make pairs. False gives single segments [CLS] text [SEP] without
            next_is_random (RoBERTa, Liu et al. 2019, arXiv 1907.11692); needed when there is one
            document only, as a random B must come from another.
        whole_words: hide all pieces of a word together.
        batch_size: see `Passages`, like what `kwargs` holds.

    Raises:
        ValueError: naming the argument that is out of range.
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
        hidden = mask_tokens(
            token_ids,
            mask_key,
            len(self.tokenizer),
            self.mask_ratio,
            self.max_predictions,
            self._continues,
        )
        return hidden | labels | {"padding_mask": tf.cast(token_ids != PAD, tf.int32)}

    def method_arguments(self):
        """Returns whether there are pairs to tell apart."""
        return {"next_sentence": self.next_sentence}

    def token_frequencies(self):
        """Returns how often each token id occurs in the source: float64 (V,), summing to one."""
        self.prepare()
        counts = np.bincount(self._corpus.tokens.numpy(), minlength=self.vocabulary_size)
        return counts / counts.sum()

    def _check_documents(self, documents, sentences=None):
        if self.next_sentence and documents < 2:
            raise ValueError(
                f"the source holds one document only ({self.items.names[0]}), and a random next "
                "sentence must come from another: set next_sentence=False, or give a folder of "
                "one file a document"
            )
        if self.next_sentence and sentences == documents:
            raise ValueError(
                f"each of the {documents} documents is a single sentence, so nothing follows any: "
                "set next_sentence=False"
            )
