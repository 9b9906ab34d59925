"""Texts of any source and a vocabulary learned from them: the base of pipelines of text."""

from pathlib import Path

import tensorflow as tf

from mmssl.pipelines.pipeline import Pipeline
from mmssl.pipelines.sources import Source

_PLAIN = (".txt", ".text", ".md", ".rst", ".tex")
_CODE = (
    *(".py", ".js", ".ts", ".java", ".kt", ".scala", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs"),
    *(".go", ".rs", ".rb", ".php", ".swift", ".jl", ".r", ".lua", ".sh", ".sql"),
)


class Documents(Pipeline):
    """Documents as token ids; the base of pipelines of text.

    A subclass defines `learn_tokenizer` (texts -> tokenizer), `read_tokenizer` (folder ->
    tokenizer) and `encode` (texts -> the encoder's inputs), and names the file that its tokenizer
    writes last, `vocabulary_file`.

    Args:
        source: folder or glob of text or code files, one such file, a TSV or JSONL table with a
            column `text` (a document a row), a list of str, "builtin:docs", or anything else that
            `open_source` takes. UTF-8.
        length: L, the most tokens of an example.
        vocabulary_size: most pieces of the vocabulary learned from the source, unless the run
            folder holds one; a small corpus has fewer.
        batch_size: see `Pipeline`, like what `kwargs` holds; there is no `cache`, as token ids are
            always kept.

    Attributes:
        tokenizer: None before `prepare` or `restore`.
    """

    extensions = _PLAIN + _CODE
    vocabulary_file = ""

    def __init__(self, source, length, vocabulary_size, batch_size, **kwargs):
        super().__init__(source, batch_size, cache=False, **kwargs)
        self.length = length
        self.vocabulary_size = vocabulary_size
        self.tokenizer = None

    # What a subclass defines.

    def learn_tokenizer(self, texts):
        """Learns a tokenizer from an iterable of str."""
        raise NotImplementedError

    def read_tokenizer(self, folder):
        """Reads the tokenizer that lies in a folder."""
        raise NotImplementedError

    def encode(self, texts, length=None):
        """Turns texts into the encoder's inputs; what is too long is cut at the end.

        Args:
            texts: string tensor (B,) of UTF-8.
            length: most tokens, 2 to L; None for L.

        Returns:
            Dict of token_ids and padding_mask int32 (B, longest of the batch).
        """
        raise NotImplementedError

    # What a subclass inherits.

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

    def inputs(self, item, max_length=None):
        """Turns one text into the encoder's inputs without batch axis."""
        return {name: value[0] for name, value in self.encode(item, max_length).items()}

    def examples(self, source, batch_size=64, max_length=None, pad=False):
        """Returns the encoder's inputs for every text of a source, in order, in constant memory.

        Args:
            source: Source, or anything `open` takes.
            batch_size: texts a batch; the last batch may be smaller.
            max_length: most tokens of a text, 2 to L; None for L.
            pad: pad to `max_length`, not just to the longest text of the batch.

        Returns:
            tf.data.Dataset of dicts of token_ids and padding_mask int32 (B, tokens).
        """
        self._need_tokenizer()
        length = self._checked_length(max_length)
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
        return texts.map(encode, self.num_parallel_calls, deterministic=True).prefetch(2)

    def preview(self, source, index):
        """Returns one text as str."""
        return super().preview(source, index)[0].decode()

    def restore(self, folder):
        """Reads the vocabulary of a run folder."""
        tokenizer = self.read_tokenizer(folder)
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

    def _read(self, source):
        numbers = tf.data.Dataset.range(len(source))
        return numbers.map(
            lambda i: self.decode(source.read(i)), self.num_parallel_calls, deterministic=True
        )

    def _texts(self):
        return (text[0].decode() for text in self._read(self.items).as_numpy_iterator())

    def _keep_vocabulary(self, folder):
        """Reads the vocabulary that lies in `folder`, or learns one and writes it there."""
        kept = folder is not None and (Path(folder) / self.vocabulary_file).is_file()
        if self.tokenizer is None and kept:
            self.restore(folder)
        elif self.tokenizer is None:
            self.tokenizer = self.learn_tokenizer(self._texts())
        if folder is not None and not kept:
            self.tokenizer.write(folder)

    def _need_tokenizer(self):
        if self.tokenizer is None:
            self.prepare()

    def _checked_length(self, length):
        if length is not None and not 2 <= length <= self.length:
            raise ValueError(f"max_length={length} must lie between 2 and length={self.length}")
        return length or self.length
