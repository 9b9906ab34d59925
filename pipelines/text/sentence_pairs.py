"""Sentence pairs for pretraining on text."""

import tensorflow as tf

from mmssl.pipelines.masks.ratio import check_mask_ratio
from mmssl.pipelines.sources.arrays import host, viewed
from mmssl.pipelines.text.corpus import count_tokens
from mmssl.pipelines.text.masking import mask_tokens
from mmssl.pipelines.text.pairing import segment, sentence_pair
from mmssl.pipelines.text.passages import Passages
from mmssl.pipelines.text.tokenizer import Tokenizer


class SentencePairs(Passages):
    """BERT's pretraining examples (Devlin et al. 2019, arXiv 1810.04805, section 3.1).

    A batch holds token_ids and padding_mask int32 (B, L), the text [CLS] A [SEP] B [SEP] padded
    with [PAD]; masked_positions and masked_ids int32 (B, P), masked_weights float32 (B, P) (see
    `masking.mask_tokens`); next_is_random int32 (B,), 0 where B follows A in its document, 1 where
    B comes from another document.

    Documents are cut into chunks of up to L - 3 tokens that do not overlap, elsewhere in every
    epoch, and each chunk starts one element per epoch (see `Passages`). The first sentences of the
    chunk, a random number of them, are A. With probability 0.5, and always if the chunk is a single
    sentence, B is consecutive sentences from a random position in another document; otherwise it
    is the rest. A pair that is too long loses tokens of its longer segment, from the front or the
    back at random.

    The paper makes pairs in one pass and puts the sentences that a random B left unused back into
    the stream. Here elements are made with random access, in any order, so there is no stream:
    what a random B leaves unused is not shown, and B shows as much of another place in its stead.
    That place is drawn from all sentences of the other documents alike, so an epoch shows every
    token about once, in long documents and in short ones; the paper draws the document first. Its
    tenfold duplication of the text is ten epochs, with new chunks, pairs and masks each time.

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
        documents, sentences = self._corpus.documents, self._corpus.sentences
        self._check_documents(documents.shape[0] - 1, sentences.shape[0] - 1)

    def example(self, index, key):
        """Makes one training element, see the class."""
        text_key, mask_key = tf.unstack(tf.random.split(key, 2))
        where = self._text(index, key)
        if self.next_sentence:
            text, is_random = sentence_pair(*where, text_key)
            labels = {"next_is_random": is_random}
        else:
            text, labels = segment(*where, text_key), {}
        token_ids = self._padded(text)
        masked = mask_tokens(
            token_ids,
            mask_key,
            len(self.tokenizer),
            self.tokenizer.specials,
            self.mask_ratio,
            self.max_predictions,
            self._continues,
        )
        return masked | labels | {"padding_mask": self._present(token_ids)}

    def method_arguments(self):
        """Returns whether there are pairs for next-sentence prediction, and the special tokens."""
        self.own_arguments()
        specials = Tokenizer.specials if self.tokenizer is None else self.tokenizer.specials
        return {"next_sentence": self.next_sentence, "special_ids": specials.ids()}

    def token_frequencies(self):
        """Returns the relative frequency of each token id in the source: float64 (V,), sum 1."""
        self.prepare()
        counts = count_tokens(viewed(self._corpus.tokens), self.vocabulary_size)
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
