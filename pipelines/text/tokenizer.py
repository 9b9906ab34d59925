"""A WordPiece vocabulary: learned from a corpus, kept in a folder, used to turn text into ids."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import keras_hub
import numpy as np
import tensorflow as tf

from mmssl.files import write_text

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNK, CLS, SEP, MASK = range(len(SPECIAL_TOKENS))
VOCABULARY_FILE = "vocabulary.txt"

# Rarer words of a large corpus stay below any threshold that the vocabulary is cut at, and the
# learner's time grows with the number of different words.
_MOST_WORDS = 100_000
# How KerasHub's learner works: no piece rarer than this, a size this near the one asked for, this
# many different characters.
_RAREST, _SLACK, _MOST_CHARACTERS = 10, 0.05, 1000
_CHINESE = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2CEAF), (0xF900, 0xFAFF))


class Tokenizer:
    """WordPiece tokenizer (Schuster & Nakajima 2012), KerasHub's, over one vocabulary.

    Text is split at blanks, punctuation and Chinese characters; each word becomes the longest
    pieces that the vocabulary has, from the left. Pieces inside a word begin with "##".

    Args:
        vocabulary: sequence of different pieces, `SPECIAL_TOKENS` first, so that [PAD] is id 0, [UNK] 1,
            [CLS] 2, [SEP] 3 and [MASK] 4.
        lowercase: fold case and drop accents first, as the vocabulary was learned.

    Raises:
        ValueError: when the vocabulary does not begin with the special pieces, or repeats one.
    """

    def __init__(self, vocabulary, lowercase=True):
        self.vocabulary = list(vocabulary)
        self.lowercase = lowercase
        if tuple(self.vocabulary[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
            raise ValueError(
                f"the vocabulary begins with {self.vocabulary[: len(SPECIAL_TOKENS)]}: it must begin "
                f"with {list(SPECIAL_TOKENS)}"
            )
        if len(set(self.vocabulary)) < len(self.vocabulary):
            twice = Counter(self.vocabulary).most_common(1)[0][0]
            raise ValueError(
                f"the vocabulary holds {twice!r} more than once: each piece has one id"
            )
        self._ordinary = self._graph(self._layer())
        self._masked = self._graph(
            self._layer(special_tokens=["[MASK]"], special_tokens_in_strings=True)
        )

    def __len__(self):
        return len(self.vocabulary)

    def __call__(self, texts):
        """Turns text into ids; "[MASK]" and the like are ordinary characters.

        Args:
            texts: string tensor (B,) of UTF-8.

        Returns:
            RaggedTensor int32 (B, None), without [CLS] and [SEP].
        """
        return self._ordinary(texts)

    def prompt(self, texts):
        """Turns text into ids like a call, and every "[MASK]" in it into id 4."""
        return self._masked(texts)

    def decode(self, ids):
        """Returns ids (L,) as text: pieces joined to words, words parted by one blank."""
        return " ".join(self.vocabulary[i] for i in np.asarray(ids)).replace(" ##", "")

    def continues(self):
        """Returns bool array (V,): whether a piece continues the word before it."""
        return np.array([piece.startswith("##") for piece in self.vocabulary])

    def write(self, folder):
        """Writes `vocabulary.txt`, one piece a line, moved into place when complete."""
        write_text(Path(folder) / VOCABULARY_FILE, "".join(f"{p}\n" for p in self.vocabulary))

    @classmethod
    def read(cls, folder, lowercase=True):
        """Reads `vocabulary.txt` back.

        Raises:
            ValueError: when there is none, or it is not a vocabulary.
        """
        path = Path(folder) / VOCABULARY_FILE
        if not path.is_file():
            raise ValueError(f"{path} does not exist: name the folder of a text run")
        try:
            # Not splitlines(): a piece may hold a character that Unicode counts as a line end.
            return cls(path.read_bytes().decode().removesuffix("\n").split("\n"), lowercase)
        except ValueError as error:
            raise ValueError(f"{path} is not a vocabulary: {error}") from error

    def _layer(self, **kwargs):
        return keras_hub.tokenizers.WordPieceTokenizer(
            self.vocabulary,
            lowercase=self.lowercase,
            strip_accents=self.lowercase,
            **kwargs,
        )

    def _graph(self, layer):
        # KerasHub's layer knows ASCII blanks only, and tokenizes in Python outside of a graph.
        return tf.function(
            lambda texts: layer(tf.strings.regex_replace(texts, r"\p{Z}", " ")),
            input_signature=[tf.TensorSpec([None], tf.string)],
        )


def learn_vocabulary(texts: Iterable[str], size: int, lowercase: bool = True) -> list[str]:
    """Learns the pieces of a corpus with KerasHub's `compute_word_piece_vocabulary`.

    Every character of the corpus (of its 1,000 most frequent) has a piece at the beginning of a
    word and one inside it, so words of these characters never become [UNK].

    Args:
        texts: the corpus, in any pieces that part no words.
        size: the most pieces to learn; a small corpus has fewer that occur 10 times.
        lowercase: fold case and drop accents.

    Returns:
        List of pieces, `SPECIAL_TOKENS` first, the same for the same corpus.

    Raises:
        ValueError: when the corpus has no words, or more characters than `size` has room for.
    """
    counts = _count_words(texts, lowercase)
    if not counts:
        raise ValueError("the texts hold no words to learn a vocabulary from")
    learned = keras_hub.tokenizers.compute_word_piece_vocabulary(
        _repeated(counts, _cap(counts, size)),
        size,
        split=False,
        reserved_tokens=list(SPECIAL_TOKENS),
    )
    characters = sorted(piece for piece in learned if len(piece) == 1)
    least = [*SPECIAL_TOKENS, *characters, *(f"##{character}" for character in characters)]
    if len(least) > size:
        needed = len(SPECIAL_TOKENS) + 2 * min(_MOST_CHARACTERS, len(set().union(*counts)))
        raise ValueError(
            f"vocabulary_size={size} has no room for the characters of the texts: give {needed} "
            "or more"
        )
    return list(dict.fromkeys([*least, *learned]))[:size]


class _Spacing(dict):
    """Translation table that parts words the way KerasHub's tokenizer does."""

    def __init__(self, lowercase):
        self.lowercase = lowercase

    def __missing__(self, code):
        self[code] = self._spaced(chr(code))
        return self[code]

    def _spaced(self, character):
        kind = unicodedata.category(character)
        if kind[0] == "Z" or kind in ("Cc", "Cf"):
            return " "
        if kind == "Mn" and self.lowercase:
            return ""
        ascii_sign = character.isascii() and not character.isalnum()
        chinese = any(first <= ord(character) <= last for first, last in _CHINESE)
        return f" {character} " if kind[0] == "P" or ascii_sign or chinese else character


def _count_words(texts, lowercase):
    chunks = Counter()
    for text in texts:
        chunks.update(text.split())
    counts, spacing = Counter(), _Spacing(lowercase)
    for chunk, count in chunks.items():
        if lowercase:
            chunk = unicodedata.normalize("NFD", chunk)
        for word in chunk.translate(spacing).split():
            counts[unicodedata.normalize("NFKC", word.casefold()) if lowercase else word] += count
    return dict(counts.most_common(_MOST_WORDS))


def _cap(counts, size):
    """Returns the count above which more makes no difference to the vocabulary.

    The learner halves its way from the highest count of a word down to the threshold that gives
    `size` pieces, counting every piece anew at each step. No threshold admits more pieces than
    there are word ends and characters that frequent. So the first steps can be foreseen; and a
    word more frequent than the threshold is a piece, whatever its count.
    """
    ends = Counter()
    for word, count in counts.items():
        for start in range(len(word)):
            ends[word[start:], start > 0] += count
    often = np.sort(list(ends.values()))
    always = len(SPECIAL_TOKENS) + 2 * len(set().union(*counts))
    lower, upper = max(_RAREST, min(counts.values())), max(counts.values())
    while lower < upper:
        threshold = (lower + upper) // 2
        at_most = always + len(often) - np.searchsorted(often, threshold)
        if at_most >= (1 - _SLACK) * size:
            break
        upper = threshold - 1
    return upper


def _repeated(counts, cap):
    """Returns a dataset of the words, each as often as it counts: what the learner takes."""
    words = tf.constant(list(counts))
    times = tf.constant([min(count, cap) for count in counts.values()])
    places = tf.data.Dataset.range(len(counts)).batch(4096)
    return places.map(lambda at: tf.repeat(tf.gather(words, at), tf.gather(times, at)))
