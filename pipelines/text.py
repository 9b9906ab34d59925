"""Sentence pairs for pretraining on text, and token ids for a trained encoder."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from mmssl.pipelines.arrays import host
from mmssl.pipelines.corpus import build_corpus
from mmssl.pipelines.masking import mask_tokens
from mmssl.pipelines.pairs import chunk_starts, segment, sentence_pair
from mmssl.pipelines.pipeline import Pipeline
from mmssl.pipelines.sources import Source
from mmssl.pipelines.tokenizer import CLS, PAD, SEP, VOCABULARY_FILE, Tokenizer, learn_vocabulary

_PLAIN = (".txt", ".text", ".md", ".rst", ".tex")
_CODE = (
    *(".py", ".js", ".ts", ".java", ".kt", ".scala", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs"),
    *(".go", ".rs", ".rb", ".php", ".swift", ".jl", ".r", ".lua", ".sh", ".sql"),
)


class SentencePairs(Pipeline):
    """BERT's pretraining examples (Devlin et al. 2019, arXiv 1810.04805, section 3.1).

    A batch holds token_ids and padding_mask int32 (B, L), the text [CLS] A [SEP] B [SEP] padded
    with [PAD]; masked_positions and masked_ids int32 (B, P), masked_weights float32 (B, P) (see
    `masking.mask_tokens`); next_is_random int32 (B,), 0 where B follows A in its document, 1 where
    B comes from another document.

    An element starts at a sentence and gathers those that follow in the same document up to L - 3
    tokens, or, with probability `short_share`, up to a random shorter target. A random number of
    these sentences are A. With probability 0.5, and always if there is one sentence only, B is a
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
        source: folder or glob of text or code files, one such file, a TSV or JSONL table with a
            column `text` (a document a row), a list of str, "builtin:docs", or anything else that
            `open_source` takes. UTF-8.
        length: L, tokens of an example with special ones, 8 or more.
        vocabulary_size: most pieces of the WordPiece vocabulary learned from the source, unless
            the run folder holds one; a small corpus has fewer.
        lowercase: fold case and drop accents.
        mask_share: share of the tokens to hide, above 0 and below 1.
        max_predictions: P, the most tokens to hide in an example, 1 to L.
        short_share: share of elements with a random shorter target, 0 to 1.
        next_sentence: make pairs. False gives single segments [CLS] text [SEP] without
            next_is_random (RoBERTa, Liu et al. 2019, arXiv 1907.11692); needed when there is one
            document only, as a random B must come from another.
        whole_words: hide all pieces of a word together.
        batch_size: see `Pipeline`, like the arguments after it.

    Raises:
        ValueError: naming the argument that is out of range.
    """

    extensions = _PLAIN + _CODE

    def __init__(
        self,
        source="builtin:docs",
        length=128,
        vocabulary_size=8000,
        lowercase=True,
        mask_share=0.15,
        max_predictions=20,
        short_share=0.1,
        next_sentence=True,
        whole_words=False,
        batch_size=32,
        *,
        skip_share=0.01,
        labels=None,
        label_column=None,
        split_column=None,
        split="train",
        held_out=None,
        parallel_calls=None,
    ):
        super().__init__(
            source,
            batch_size,
            cache=False,  # of texts; their token ids are always kept
            skip_share=skip_share,
            labels=labels,
            label_column=label_column,
            split_column=split_column,
            split=split,
            held_out=held_out,
            parallel_calls=parallel_calls,
        )
        if length < 8:
            raise ValueError(f"length={length} must be 8 or more")
        if not 0 < mask_share < 1:
            raise ValueError(f"mask_share={mask_share} must lie between 0 and 1")
        if not 1 <= max_predictions <= length:
            raise ValueError(
                f"max_predictions={max_predictions} must lie between 1 and length={length}"
            )
        if not 0 <= short_share <= 1:
            raise ValueError(f"short_share={short_share} must lie between 0 and 1")
        self.length = length
        self.vocabulary_size = vocabulary_size
        self.lowercase = lowercase
        self.mask_share = mask_share
        self.max_predictions = max_predictions
        self.short_share = short_share
        self.next_sentence = next_sentence
        self.whole_words = whole_words
        self.tokenizer = None
        # Tokens of text in a full example.
        self._room = length - (3 if next_sentence else 2)

    def decode(self, raw):
        """Checks one text: UTF-8, not blank.

        Args:
            raw: string scalar.

        Returns:
            String (1,), a batch of one as `encode` takes it.
        """
        text = tf.strings.unicode_transcode(raw, "UTF-8", "UTF-8", errors="replace")
        checks = [
            tf.Assert(text == raw, ["it is not UTF-8 text"]),
            tf.Assert(tf.strings.strip(raw) != "", ["it holds no text"]),
        ]
        with tf.control_dependencies(checks):
            return raw[None]

    def index(self, folder=None):
        """Learns the vocabulary, or reads the one in `folder`, and tokenizes the source."""
        self._check_documents(len(self.items))
        self._keep_vocabulary(folder)
        self._corpus = build_corpus(self._texts(), self.tokenizer, self._room)
        self._continues = host(self.tokenizer.continues()) if self.whole_words else None
        self._check_documents(len(self._corpus.documents) - 1, len(self._corpus.sentences) - 1)
        starts = chunk_starts(self._corpus, self._room)
        self._starts, self.count = host(starts), len(starts)

    def example(self, index, key):
        """Makes one training element, see the class."""
        text_key, mask_key = tf.unstack(tf.random.split(key, 2))
        where = self._corpus, self._starts[index], self._room, self.short_share, text_key
        if self.next_sentence:
            text, is_random = sentence_pair(*where)
            labels = {"next_is_random": is_random}
        else:
            text, labels = segment(*where), {}
        padding = self.length - tf.size(text)
        token_ids = tf.ensure_shape(tf.pad(text, [[0, padding]]), [self.length])
        hidden = mask_tokens(
            token_ids,
            mask_key,
            len(self.tokenizer),
            self.mask_share,
            self.max_predictions,
            self._continues,
        )
        return hidden | labels | {"padding_mask": tf.cast(token_ids != PAD, tf.int32)}

    def inputs(self, item, limit_length=None):
        """Turns one text into the encoder's inputs without batch axis."""
        return {name: value[0] for name, value in self.encode(item, limit_length).items()}

    def encode(self, texts, length=None, masks=False):
        """Turns texts into the encoder's inputs: [CLS] text [SEP], what is too long cut at the end.

        Args:
            texts: string tensor (B,) of UTF-8.
            length: most tokens, 2 to L; None for L.
            masks: "[MASK]" in a text asks to be filled in (id 4); else it is ordinary characters.

        Returns:
            Dict of token_ids and padding_mask int32 (B, longest of the batch).
        """
        self._need_tokenizer()
        length = self._checked_length(length)
        tokenize = self.tokenizer.prompt if masks else self.tokenizer
        ids = tokenize(texts)[:, : length - 2]
        ends = tf.ones_like(ids[:, :1].to_tensor(shape=[None, 1]))
        ids = tf.concat([CLS * ends, ids, SEP * ends], axis=1)
        return {
            "token_ids": ids.to_tensor(PAD),
            "padding_mask": tf.ones_like(ids).to_tensor(0),
        }

    def examples(self, source, batch_size=64, limit_length=None, pad=False):
        """Returns the encoder's inputs for every text of a source, in order, in constant memory.

        Args:
            source: Source, or anything `open` takes.
            batch_size: texts a batch; the last batch may be smaller.
            limit_length: most tokens of a text, 2 to L; None for L.
            pad: pad to `limit_length`, not just to the longest text of the batch.

        Returns:
            tf.data.Dataset of dicts of token_ids and padding_mask int32 (B, tokens).
        """
        self._need_tokenizer()
        length = self._checked_length(limit_length)
        source = source if isinstance(source, Source) else self.open(source)

        def encode(texts):
            encoded = self.encode(texts, length)
            if not pad:
                return encoded
            missing = [[0, 0], [0, length - tf.shape(encoded["token_ids"])[1]]]
            return {
                name: tf.ensure_shape(tf.pad(ids, missing), [None, length])
                for name, ids in encoded.items()
            }

        texts = self._read(source).rebatch(batch_size)
        return texts.map(encode, self.parallel_calls, deterministic=True).prefetch(2)

    def preview(self, source, index):
        """Returns one text as str."""
        return super().preview(source, index)[0].decode()

    def restore(self, folder):
        """Reads the vocabulary of a run folder."""
        tokenizer = Tokenizer.read(folder, self.lowercase)
        if len(tokenizer) > self.vocabulary_size:
            raise ValueError(
                f"the vocabulary kept in {folder} has {len(tokenizer)} pieces and vocabulary_size="
                f"{self.vocabulary_size} allows fewer: set it as it was when the run began, or "
                "start a new run folder"
            )
        self.tokenizer = tokenizer

    def encoder_arguments(self):
        """Returns the sizes of the encoder's tables; a small corpus leaves some ids unused."""
        return {"vocabulary_size": self.vocabulary_size, "length": self.length}

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

    def _read(self, source):
        numbers = tf.data.Dataset.range(len(source))
        return numbers.map(
            lambda i: self.decode(source.read(i)), self.parallel_calls, deterministic=True
        )

    def _texts(self):
        return (text[0].decode() for text in self._read(self.items).as_numpy_iterator())

    def _keep_vocabulary(self, folder):
        kept = folder is not None and (Path(folder) / VOCABULARY_FILE).is_file()
        if self.tokenizer is None and kept:
            self.restore(folder)
        elif self.tokenizer is None:
            learned = learn_vocabulary(self._texts(), self.vocabulary_size, self.lowercase)
            self.tokenizer = Tokenizer(learned, self.lowercase)
        if folder is not None and not kept:
            self.tokenizer.write(folder)

    def _need_tokenizer(self):
        if self.tokenizer is None:
            self.prepare()

    def _checked_length(self, length):
        if length is not None and not 2 <= length <= self.length:
            raise ValueError(f"limit_length={length} must lie between 2 and length={self.length}")
        return length or self.length
