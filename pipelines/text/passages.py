"""Passages of running text, and token ids for a trained encoder."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.text.chunks import Chunks
from mmssl.pipelines.text.corpus import Corpus, sentence_ids
from mmssl.pipelines.text.documents import Documents
from mmssl.pipelines.text.pairing import segment
from mmssl.pipelines.text.stored_tokens import packed
from mmssl.pipelines.text.tokenizer import VOCABULARY_FILE, Tokenizer, learn_vocabulary


class Passages(Documents):
    """Consecutive text of a document, as WordPieces.

    A batch holds token_ids and padding_mask int32 (B, L), the text [CLS] text [SEP] padded with
    [PAD]. Documents are cut into chunks of up to L - 2 tokens that do not overlap, elsewhere in
    every epoch (see `Chunks`), and each chunk is one element per epoch: so every token is shown
    once, in long documents and in short ones. With probability `short_probability` an element is
    cut after the sentence that reaches a random shorter length, and the rest of the chunk is not
    shown in that epoch.

    Args:
        source: see `Documents`.
        length: L, tokens per example including special tokens, 8 or more.
        vocabulary_size: maximum number of tokens of the WordPiece vocabulary, see `Documents`.
        lowercase: lowercase the text and strip accents, for a vocabulary that is learned; a
            published one says it itself (see `Documents`).
        short_probability: probability of a random shorter target length, uniform between 2 and
            L - 2, 0 to 1.
        batch_size: see `Pipeline`.
        vocabulary: see `Documents`; a published one without a token for the padding, the mask or
            the ends of a text gets it at the end of its table.
        max_positions: rows of the encoder's table of positions, `length` or more; None for
            `length`. A later run on longer texts needs them from the first one on.
        **kwargs: see `Documents`.

    Raises:
        ValueError: when an argument is out of range.
    """

    vocabulary_file = VOCABULARY_FILE
    stored_as = "sentences"
    roles = ("pad", "mask", "cls", "sep")

    def __init__(
        self,
        source="builtin:docs",
        length=64,
        vocabulary_size=8000,
        lowercase=True,
        short_probability=0.1,
        batch_size=64,
        vocabulary=None,
        max_positions=None,
        **kwargs,
    ):
        super().__init__(source, length, vocabulary_size, batch_size, vocabulary, **kwargs)
        if length < 8:
            raise ValueError(f"length={length} must be 8 or more")
        if not 0 <= short_probability <= 1:
            raise ValueError(f"short_probability={short_probability} must lie between 0 and 1")
        if max_positions is not None and max_positions < length:
            raise ValueError(f"max_positions={max_positions} must be length={length} or more")
        self.lowercase = lowercase
        self.short_probability = short_probability
        self.max_positions = max_positions
        # Tokens of text in a full example.
        self._room = length - 2

    def index(self, folder=None):
        """Learns the vocabulary, or reads the one in `folder`, and tokenizes the source."""
        self._prepare_tokenizer(folder)
        self._corpus = Corpus.hold(self._sentences_laid_out(self._room))
        self._chunks = Chunks(self._corpus, self._room)
        self.count = self._chunks.count

    def example(self, index, key):
        """Makes one training element, see the class."""
        text_key = tf.random.split(key, 2)[0]
        text = segment(*self._text(index, key), text_key)
        token_ids = self._padded(text)
        return {"token_ids": token_ids, "padding_mask": self._present(token_ids)}

    def encode(self, texts, length=None, masks=False):
        """Turns texts into the encoder's inputs: [CLS] text [SEP], long text truncated.

        Args:
            texts: string tensor (B,) of UTF-8.
            length: maximum number of tokens, 2 to L; None for L.
            masks: parse "[MASK]" in a text as the mask token, not as ordinary characters.

        Returns:
            Dict of token_ids and padding_mask int32 (B, longest of the batch).
        """
        if not masks:
            return super().encode(texts, length)
        self._need_tokenizer()
        return self.framed(self.tokenizer.prompt(texts), self._checked_length(length))

    def framed(self, ids, length):
        """See `encode`."""
        ids = ids[:, : length - 2]
        ends = tf.ones_like(ids[:, :1].to_tensor(shape=[None, 1]))
        specials = self.tokenizer.specials
        ids = tf.concat([specials.cls * ends, ids, specials.sep * ends], axis=1)
        return {
            "token_ids": ids.to_tensor(specials.pad),
            "padding_mask": tf.ones_like(ids).to_tensor(0),
        }

    def stored(self, text):
        """Returns the tokens of a text, with marks where its sentences begin."""
        return packed(*sentence_ids(text, self.tokenizer), len(text))

    def encoder_arguments(self):
        """Returns the sizes of the encoder's embeddings of tokens and positions."""
        return {**super().encoder_arguments(), "length": self.max_positions or self.length}

    def learn_tokenizer(self, texts):
        """Learns WordPieces from an iterable of str."""
        arguments = [self.vocabulary_size, self.lowercase]
        learned = self._between_runs(
            "word pieces",
            arguments,
            lambda: {"tokens": np.array(learn_vocabulary(texts, *arguments))},
        )
        return Tokenizer(learned["tokens"].tolist(), self.lowercase)

    def read_tokenizer(self, folder):
        """Reads the WordPieces from a folder."""
        return Tokenizer.read(folder, self.lowercase)

    def beginning(self, texts, length):
        return super().beginning(self.tokenizer.squeeze(texts), length)

    def _text(self, index, key):
        """Returns an element's text: the arguments of `segment` but for its key."""
        chunk = self._chunks.at(index, self._epoch_draw(key))
        return self._corpus, chunk, self._room, self.short_probability, self.tokenizer.specials

    def _sentences(self, index, key, text_key):
        """Returns an element's text without special tokens, and the start of each sentence in it.

        Returns:
            int32 (n,), and int64 (s,), ascending from 0.
        """
        corpus, chunk, _, _, specials = self._text(index, key)
        text = segment(corpus, chunk, self._room, self.short_probability, specials, text_key)[1:-1]
        begin = chunk[1]
        edges = corpus.sentences
        first = tf.searchsorted(edges, [begin, begin + tf.size(text, tf.int64)], out_type=tf.int64)
        inside = edges[first[0] : first[1]] - begin
        return text, tf.unique(tf.concat([[0], inside], axis=0))[0]

    def _padded(self, text):
        padding, pad = [[0, self.length - tf.size(text)]], self.tokenizer.specials.pad
        return tf.ensure_shape(tf.pad(text, padding, constant_values=pad), [self.length])

    def _present(self, token_ids):
        """Returns 1 where there is text and 0 where there is padding, int32."""
        return tf.cast(token_ids != self.tokenizer.specials.pad, tf.int32)
