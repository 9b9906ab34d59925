"""Whole words as tokens: a vocabulary of the frequent ones, stored in a folder."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import tensorflow as tf

from mmssl.files import write_text
from mmssl.pipelines.text.pieces import pieces
from mmssl.pipelines.text.specials import Specials

PAD, PADDING = 0, "[PAD]"
VOCABULARY_FILE = "words.txt"
_CHUNK = 512  # pieces of text that are parted together
_APOSTROPHES = r"[\x{2019}\x{02BC}\x{FF07}]"


class Words(tf.Module):
    """Whole words in lowercase; those that the vocabulary lacks are left out.

    A word is made of letters, their marks and digits; apostrophes belong to it inside, as in
    "don't". Everything else parts words.

    Args:
        vocabulary: sequence of distinct words, `PADDING` first, so that padding is id 0.

    Attributes:
        specials: Specials.
        between: see `Published`.

    Raises:
        ValueError: when the vocabulary does not begin with the padding, or has duplicates.
    """

    specials = Specials(pad=PAD)
    between = " "

    @staticmethod
    def spaced(texts):
        """Returns texts (B,) in lowercase, with one blank between words and nothing else."""
        texts = tf.strings.lower(texts, "utf-8")
        texts = tf.strings.regex_replace(texts, _APOSTROPHES, "'")
        texts = tf.strings.regex_replace(texts, r"[^\p{L}\p{M}\p{N}']+|''+", " ")
        texts = tf.strings.regex_replace(texts, r"(^| )'", " ")
        texts = tf.strings.regex_replace(texts, r"'( |$)", " ")
        return tf.strings.strip(tf.strings.regex_replace(texts, " +", " "))

    def __init__(self, vocabulary):
        super().__init__()
        self.vocabulary = tuple(vocabulary)
        if self.vocabulary[:1] != (PADDING,):
            raise ValueError(f"the vocabulary begins with {self.vocabulary[:1]}, not {PADDING!r}")
        if len(set(self.vocabulary)) < len(self.vocabulary):
            twice = Counter(self.vocabulary).most_common(1)[0][0]
            raise ValueError(f"the vocabulary has {twice!r} more than once: words must be unique")
        ids = tf.lookup.KeyValueTensorInitializer(
            tf.constant(self.vocabulary), tf.range(len(self.vocabulary))
        )
        self._table = tf.lookup.StaticHashTable(ids, -1)

    def __len__(self):
        return len(self.vocabulary)

    def __call__(self, texts):
        """Looks up the words of texts.

        Args:
            texts: string tensor (B,) of UTF-8.

        Returns:
            RaggedTensor int32 (B, None).
        """
        ids = self._table.lookup(tf.strings.split(self.spaced(texts)))
        return tf.ragged.boolean_mask(ids, ids > PAD)

    def find(self, word):
        """Returns the id of a word.

        Args:
            word: str, in any case.

        Returns:
            int, or None where it is no single word of the vocabulary.
        """
        ids = self([word])[0].numpy()
        single = (
            len(ids) == 1 and self.vocabulary[ids[0]] == self.squeeze([word]).numpy()[0].decode()
        )
        return int(ids[0]) if single else None

    def fingerprint(self):
        """Returns JSON values that tell tokenizers apart that give different ids."""
        return [type(self).__qualname__, self.vocabulary]

    def squeeze(self, texts):
        """Returns texts with one blank in place of what parts words."""
        return self.spaced(texts)

    def decode(self, ids):
        """Returns ids (L,) as text, words separated by one space."""
        return " ".join(self.vocabulary[int(i)] for i in ids if i != PAD)

    def write(self, folder):
        """Writes `words.txt`, one word per line, atomically."""
        write_text(Path(folder) / VOCABULARY_FILE, "".join(f"{word}\n" for word in self.vocabulary))

    @classmethod
    def read(cls, folder):
        """Reads `words.txt` back.

        Raises:
            ValueError: when the file is missing, or is not a vocabulary.
        """
        path = Path(folder) / VOCABULARY_FILE
        if not path.is_file():
            raise ValueError(f"{path} does not exist: give the folder of a run with words")
        try:
            return cls(path.read_bytes().decode().removesuffix("\n").split("\n"))
        except ValueError as error:
            raise ValueError(f"{path} is not a vocabulary: {error}") from error


def learn_words(texts: Iterable[str], size: int, min_count: int, spaced=Words.spaced) -> list[str]:
    """Lists the most frequent words.

    Args:
        texts: the corpus.
        size: maximum number of tokens, the padding included.
        min_count: how often a word must occur.
        spaced: function that parts words, see `Words.spaced`.

    Returns:
        List of tokens: the padding, then words by falling frequency, those of the same one in
        alphabetical order.

    Raises:
        ValueError: when no word occurs so often.
    """
    counts = Counter()
    for text in _parted(texts, spaced):
        counts.update(text.split())
    found = sorted(
        (word for word, n in counts.items() if n >= min_count), key=lambda w: (-counts[w], w)
    )
    if not found:
        raise ValueError(
            f"no word occurs {min_count} times: lower min_count, or give more text "
            f"({counts.total()} words)"
        )
    return [PADDING, *found[: size - 1]]


def _parted(texts, spaced):
    """Yields texts as `spaced` returns them, piece by piece."""
    waiting = []
    for text in texts:
        for piece in pieces(text):
            waiting.append(piece)
            if len(waiting) == _CHUNK:
                yield from _decoded(spaced, waiting)
                waiting = []
    yield from _decoded(spaced, waiting)


def _decoded(spaced, texts):
    return (
        (text.decode() for text in spaced(tf.constant(texts, tf.string)).numpy()) if texts else ()
    )
