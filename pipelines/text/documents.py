"""Texts of any source and a vocabulary learned from them: the base of text pipelines."""

import logging
from pathlib import Path

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import mapped
from mmssl.pipelines.pipeline import Pipeline
from mmssl.pipelines.sources import Source
from mmssl.pipelines.sources.extensions import TEXT_EXTENSIONS
from mmssl.pipelines.sources.prepared import prepared
from mmssl.pipelines.text.corpus import laid_out, tokenize
from mmssl.pipelines.text.reading import TextReader, whole
from mmssl.pipelines.text.stored_tokens import TokenReader, about_tokens, tokenizer_hash
from mmssl.pipelines.text.vocabularies import is_published, read_vocabulary

_MOST = 256  # characters that a token can stand for
_LEARNED = 2**28  # bytes of text from which a vocabulary is learned
PREVIEWED = 2**16  # characters
logger = logging.getLogger(__name__)


class Documents(Pipeline):
    """Documents as token ids; the base of text pipelines.

    A subclass defines `learn_tokenizer` (texts -> tokenizer), `read_tokenizer` (folder ->
    tokenizer), `framed` (token ids -> the encoder's inputs) and `stored` (text -> what prepared
    shards hold of it), and sets `vocabulary_file` to the name of the file that its tokenizer writes
    last, and `stored_as` to the encoding of such shards.

    Args:
        source: folder or glob of text or code files, one such file, a TSV or JSONL table with a
            column `text` (one document per row), a list of str, "builtin:docs", or anything else
            that `open_source` accepts. UTF-8.
        length: L, maximum number of tokens per example.
        vocabulary_size: maximum number of tokens of the vocabulary, which is learned from the
            source unless the run folder has one; a small corpus yields fewer. A published one has
            its own size, which takes the place of this.
        batch_size: see `Pipeline`.
        vocabulary: folder of a run whose vocabulary is used, for an encoder trained with it; or a
            published vocabulary, a file or the folder that holds it: BERT's vocab.txt, GPT-2's
            vocab.json beside its merges.txt, or a SentencePiece model. A tokenizer_config.json
            beside it says whether text is lowercased, and which tokens are special; without it,
            WordPieces are of lowercased text unless one has a capital letter. None learns one from
            the source.
        **kwargs: see `Pipeline`; there is no `cache`: token ids are always kept in memory, or
            mapped into it from the cache folder.

    Attributes:
        tokenizer: None before `prepare` or `restore`.
        roles: the special tokens that the examples need, see `find_specials`.
    """

    extensions = TEXT_EXTENSIONS
    decode_arguments = ()
    vocabulary_file = ""
    stored_as = ""
    roles = ()

    def __init__(self, source, length, vocabulary_size, batch_size, vocabulary, **kwargs):
        super().__init__(source, batch_size, cache=False, **kwargs)
        self.length = length
        self.vocabulary_size = vocabulary_size
        self.vocabulary = vocabulary
        self.tokenizer = None

    # What a subclass defines.

    def learn_tokenizer(self, texts):
        """Learns a tokenizer from an iterable of str."""
        raise NotImplementedError

    def read_tokenizer(self, folder):
        """Reads the tokenizer from a folder."""
        raise NotImplementedError

    def framed(self, ids, length):
        """Turns token ids into the encoder's inputs; long texts are truncated at the end.

        Args:
            ids: RaggedTensor int32 (B, None).
            length: maximum number of tokens, 2 to L.

        Returns:
            Dict of token_ids and padding_mask int32 (B, longest of the batch).
        """
        raise NotImplementedError

    def stored(self, text):
        """Returns what prepared shards hold of a text, str: see `stored_tokens.packed`."""
        raise NotImplementedError

    # What a subclass inherits.

    def encode(self, texts, length=None):
        """Turns texts into the encoder's inputs; long texts are truncated at the end.

        Args:
            texts: string tensor (B,) of UTF-8.
            length: maximum number of tokens, 2 to L; None for L.

        Returns:
            See `framed`.
        """
        self._need_tokenizer()
        return self.framed(self.tokenizer(texts), self._checked_length(length))

    def decode(self, raw):
        """Checks one text: UTF-8, not blank; a byte order mark is left out, NUL reads as a blank.

        Args:
            raw: string scalar.

        Returns:
            String (1,), a batch of one text, as `encode` expects.
        """
        if raw.dtype != tf.string:
            raise ValueError(
                f"the source holds {raw.dtype.name} arrays of shape {raw.shape}, which this recipe "
                "does not read"
            )
        text = tf.numpy_function(whole, [raw], tf.string, stateful=False)
        return tf.reshape(text, [1])

    def decoder_for(self, source):
        """Returns `decode`; the tokens of prepared shards are decoded."""
        return self.decode if about_tokens(source) is None else lambda raw: raw

    def measurer_for(self, source):
        """Returns a function of an index to the bytes of a text, which reads it through."""
        return self._reader(source).size_read

    def inputs(self, item, max_length=None):
        """Turns one text into the encoder's inputs, without a batch axis."""
        length = self._checked_length(max_length)
        encoded = self.encode(self.beginning(item, length), length)
        return {name: value[0] for name, value in encoded.items()}

    def examples(self, source, batch_size=64, max_length=None, pad=False):
        """Returns the encoder's inputs for every text of a source, in order, in constant memory.

        Args:
            source: Source, or anything that `open` accepts.
            batch_size: texts per batch; the last batch may be smaller.
            max_length: maximum number of tokens per text, 2 to L; None for L.
            pad: pad to `max_length`, rather than to the longest text of the batch.

        Returns:
            tf.data.Dataset of dicts of token_ids and padding_mask int32 (B, tokens).
        """
        self._need_tokenizer()
        length = self._checked_length(max_length)
        source = source if isinstance(source, Source) else self.open(source)

        def padded(encoded):
            if not pad:
                return encoded
            missing = [[0, 0], [0, length - tf.shape(encoded["token_ids"])[1]]]
            return {
                name: tf.ensure_shape(tf.pad(ids, missing), [None, length])
                for name, ids in encoded.items()
            }

        calls = self.num_parallel_calls
        if about_tokens(source):
            numbers, reader = tf.data.Dataset.range(len(source)), self._reader(source)
            ids = mapped(numbers, lambda i: reader.ids(i, length), calls).ragged_batch(batch_size)
            return mapped(ids, lambda ids: padded(self.framed(ids, length)), calls).prefetch(2)
        begun = self.beginnings(source, _MOST * (length + 2))
        begun = mapped(begun, lambda text: self.beginning(text, length)).rebatch(batch_size)
        return mapped(begun, lambda text: padded(self.encode(text, length)), calls).prefetch(2)

    def beginnings(self, source, characters):
        """Returns the beginnings of all texts, without reading all of a long file.

        Args:
            source: Source.
            characters: int, fewest letters and digits of each, if it has so many.

        Returns:
            tf.data.Dataset of strings (1,).
        """
        reader = self._reader(source)
        numbers = tf.data.Dataset.range(len(source))
        return mapped(numbers, lambda i: reader.beginning(i, characters), self.num_parallel_calls)

    def preview(self, source, index):
        """Returns the beginning of one text as str, a page or more."""
        number = tf.constant(index, tf.int64)
        return self._reader(source).beginning(number, PREVIEWED).numpy()[0].decode()

    def restore(self, folder):
        """Reads the vocabulary of a run folder."""
        if is_published(folder):
            self._take(read_vocabulary(folder, self.roles))
            return
        tokenizer = self.read_tokenizer(folder)
        if len(tokenizer) > self.vocabulary_size:
            raise ValueError(
                f"the vocabulary stored in {folder} has {len(tokenizer)} tokens, more than "
                f"vocabulary_size={self.vocabulary_size}: set it to what it was when the run "
                "started, or start a new run folder"
            )
        self.tokenizer = tokenizer

    def prepare(self, folder=None, progress=None, data_changed="refuse"):
        """Opens, checks and tokenizes the source; see `Pipeline`."""
        self.reopen(folder)
        return super().prepare(folder, progress, data_changed)

    def reopen(self, folder):
        """Reads the published vocabulary that a run has kept, or with which it is to begin."""
        if self.tokenizer is not None or self._has_learned(folder):
            return
        if folder is not None and is_published(folder):
            self.restore(folder)
        elif self.vocabulary is not None and not self._has_learned(self.vocabulary):
            self._take_published()

    def open_vocabulary(self):
        """Reads the vocabulary that it is given, published or of a run."""
        self.reopen(None)
        self._prepare_tokenizer(None)

    def own_arguments(self):
        """Returns the size of the vocabulary, which a published one has of its own."""
        # A recipe may name a file, or a run, that is not there yet.
        if self.vocabulary is not None and Path(self.vocabulary).exists():
            self.reopen(None)
        return {"vocabulary_size": self.vocabulary_size}

    def encoder_arguments(self):
        """Returns the sizes of the encoder's embeddings; a small corpus leaves some ids unused."""
        return {**self.own_arguments(), "length": self.length}

    def beginning(self, texts, length):
        """Returns as much of each text as its first `length` tokens can take."""
        return tf.strings.substr(texts, 0, _MOST * (length + 2), unit="UTF8_CHAR")

    def _reader(self, source):
        about = about_tokens(source)
        if about is None:
            return TextReader(source, self.decode, self.num_parallel_calls)
        self._check_tokens(about)
        return TokenReader(source, self.tokenizer, self.num_parallel_calls)

    def _check_tokens(self, about):
        """Raises a ValueError where shards hold other tokens than this pipeline takes."""
        if about["as"] != self.stored_as:
            raise ValueError(
                f"the shards hold {about['as']}, which {type(self).__name__} does not take: give "
                f"--encoding {' or '.join(filter(None, [self.stored_as, 'same']))} to prepare"
            )
        if self.tokenizer and tokenizer_hash(self.tokenizer) != about["tokenizer"]:
            raise ValueError(
                f"the shards hold the tokens of another vocabulary, {about['vocabulary']}: give "
                "that as data.vocabulary, or prepare them anew"
            )

    def _blocks(self):
        """Yields the texts to train on, see `TextReader.blocks`."""
        return self._reader(self.items).blocks()

    def _texts(self):
        """Yields the texts that a vocabulary is learned from: of many, blocks spread evenly."""
        step = -(-int(np.sum(self.shapes)) // _LEARNED)
        return (text for i, (_, text) in enumerate(self._blocks()) if i % step == 0)

    def _sentences_laid_out(self, longest):
        """Tokenizes the texts by sentences, or reads the tokens that shards hold of them.

        Args:
            longest: maximum number of tokens per sentence, see `tokenize`.

        Returns:
            Dict of the arrays of a `Corpus`.
        """

        def make():
            if about_tokens(self.items) is None:
                return tokenize(self._blocks(), self.tokenizer, longest)
            documents = self._reader(self.items).documents()
            found = ((np.full(len(sizes), i), ids, sizes) for i, ids, sizes, _ in documents)
            return laid_out(found, longest)

        return self._between_runs("corpus", [self.tokenizer.fingerprint(), longest], make)

    def _between_runs(self, what, arguments, make):
        """Returns arrays made from the texts, from the cache where it has them; see `prepared`."""
        key = None if self._key is None else [what, arguments, self._key]
        return prepared(key, make)

    def _prepare_tokenizer(self, folder):
        """Reads the vocabulary from `folder`, or reads or learns one and writes it there."""
        about = None if self.items is None else about_tokens(self.items)
        kept = self._has_learned(folder) or (folder is not None and is_published(folder))
        if self.tokenizer is None and kept:
            self.restore(folder)
        elif self.tokenizer is None and self.vocabulary is not None:
            self.restore(self.vocabulary)
        elif about is not None and self.tokenizer is None:
            raise ValueError(
                "no vocabulary can be learned from shards that hold tokens: give that of theirs, "
                f"{about['vocabulary']}, as data.vocabulary"
            )
        elif self.tokenizer is None:
            self.tokenizer = self.learn_tokenizer(self._texts())
        if about is not None:
            self._check_tokens(about)
        if folder is not None and not kept:
            self.tokenizer.write(folder)

    def _has_learned(self, folder):
        return folder is not None and (Path(folder) / self.vocabulary_file).is_file()

    def _take_published(self):
        self._take(read_vocabulary(self.vocabulary, self.roles))
        if self.tokenizer.added:
            added, first = self.tokenizer.added, len(self.tokenizer) - len(self.tokenizer.added)
            logger.warning(
                "%s has no token for %s: added at the end of its table, from id %d on.",
                self.vocabulary,
                ", ".join(added),
                first,
            )

    def _take(self, published):
        self.tokenizer = published
        self.vocabulary_size = len(published)

    def _epoch_draw(self, key):
        """Returns a draw from [0, 1), float64, that all elements of an epoch have in common."""
        seed, number = tf.unstack(key)
        epoch = number // (len(self) * self.batch_size)
        return tf.random.stateless_uniform([], [seed, epoch], dtype=tf.float64)

    def _need_tokenizer(self):
        if self.tokenizer is None:
            self.prepare()

    def _checked_length(self, length):
        if length is not None and not 2 <= length <= self.length:
            raise ValueError(f"max_length={length} must lie between 2 and length={self.length}")
        return length or self.length
