"""A WordPiece tokenizer: its vocabulary is learned from a corpus and stored in a folder."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import keras_hub
import numpy as np
import tensorflow as tf

from mmssl.files import write_text
from mmssl.pipelines.elements import mapped
from mmssl.pipelines.text.pieces import pieces
from mmssl.pipelines.text.specials import Specials

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNK, CLS, SEP, MASK = range(len(SPECIAL_TOKENS))
VOCABULARY_FILE = "vocabulary.txt"

# Rarer words of a large corpus are below any frequency threshold of the vocabulary, and the time
# to learn it grows with the number of prefixes that all parts of the distinct words have.
_MAX_WORDS, _MAX_PREFIXES = 100_000, 20_000_000
# The constants of KerasHub's learner: smallest count of a token, relative tolerance of the size,
# maximum number of distinct characters.
_MIN_COUNT, _SLACK, _MAX_CHARACTERS = 10, 0.05, 1000
# A word is counted as often as this at once, and as many words together.
_PART, _ROWS = 2048, 128
# Blanks of any kind: KerasHub's layer knows only those of ASCII, and loses all behind a NUL.
_BLANKS = r"[\p{Z}\p{Cc}\p{Cf}]+"
# Longer words are cut. KerasHub's learner leaves out words of more than 50 characters, and its
# layer makes one [UNK] of more than 100 bytes: 25 characters of three or four. Outside ASCII these
# are letters as a rule; what KerasHub parts words at (punctuation, Chinese) is not counted.
_PARTING = (
    r"\x{2000}-\x{206F}\x{3000}-\x{303F}\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}\x{F900}-\x{FAFF}"
    r"\x{FF00}-\x{FF20}\x{20000}-\x{2CEAF}\x{2F800}-\x{2FA1F}"
)
_LONG = rf"([^\x00-\x{{7FF}}{_PARTING}]{{25}}|[^\x00-/:-@\[-`{{-\x7f{_PARTING}]{{50}})"
_LONG_WORD = re.compile(r"[^\0-\u07ff]{25}|.{50}")  # the same, of a word by itself
_CHINESE = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2CEAF), (0xF900, 0xFAFF))


class Tokenizer:
    """WordPiece tokenizer (Schuster & Nakajima 2012), implemented by KerasHub.

    Text is split at whitespace, control characters, punctuation and Chinese characters; each word
    is split greedily, from the left, into the longest tokens in the vocabulary. Tokens inside a
    word begin with "##". A word of more than 50 letters, or 25 of a script from U+0800 on, is cut
    after as many.

    Args:
        vocabulary: sequence of distinct tokens, `SPECIAL_TOKENS` first, so that [PAD] is id 0,
            [UNK] 1, [CLS] 2, [SEP] 3 and [MASK] 4.
        lowercase: lowercase the text and strip accents first, as for learning the vocabulary.

    Attributes:
        specials: Specials.
        between: see `Published`.

    Raises:
        ValueError: when the vocabulary does not begin with the special tokens, or has duplicates.
    """

    specials = Specials(unknown=UNK, pad=PAD, cls=CLS, sep=SEP, mask=MASK)
    between = ""

    def __init__(self, vocabulary, lowercase=True):
        self.vocabulary = list(vocabulary)
        self.lowercase = lowercase
        if tuple(self.vocabulary[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
            raise ValueError(
                f"the vocabulary begins with {self.vocabulary[: len(SPECIAL_TOKENS)]}: it must "
                f"begin with {list(SPECIAL_TOKENS)}"
            )
        if len(set(self.vocabulary)) < len(self.vocabulary):
            twice = Counter(self.vocabulary).most_common(1)[0][0]
            raise ValueError(f"the vocabulary has {twice!r} more than once: tokens must be unique")
        self._ordinary = self._graph(self._layer())
        self._masked = self._graph(
            self._layer(special_tokens=["[MASK]"], special_tokens_in_strings=True)
        )

    def __len__(self):
        return len(self.vocabulary)

    def __call__(self, texts):
        """Tokenizes texts; "[MASK]" and the like are treated as ordinary characters.

        Args:
            texts: string tensor (B,) of UTF-8.

        Returns:
            RaggedTensor int32 (B, None), without [CLS] and [SEP].
        """
        return self._ordinary(texts)

    def fingerprint(self):
        """Returns JSON values that tell tokenizers apart that give different ids."""
        return [type(self).__qualname__, self.vocabulary, self.lowercase]

    def squeeze(self, texts):
        """Returns texts with one blank in place of whitespace and control characters."""
        return tf.strings.regex_replace(texts, _BLANKS, " ")

    def prompt(self, texts):
        """Tokenizes texts as a call does, except that "[MASK]" becomes id 4."""
        return self._masked(texts)

    def decode(self, ids):
        """Returns ids (L,) as text: tokens joined to words, words separated by one space."""
        return " ".join(self.vocabulary[i] for i in np.asarray(ids)).replace(" ##", "")

    def continues(self):
        """Returns bool array (V,): whether a token continues the word before it."""
        return np.array([token.startswith("##") for token in self.vocabulary])

    def write(self, folder):
        """Writes `vocabulary.txt`, one token per line, atomically."""
        lines = (f"{token}\n" for token in self.vocabulary)
        write_text(Path(folder) / VOCABULARY_FILE, "".join(lines))

    @classmethod
    def read(cls, folder, lowercase=True):
        """Reads `vocabulary.txt` back.

        Raises:
            ValueError: when the file is missing, or is not a vocabulary.
        """
        path = Path(folder) / VOCABULARY_FILE
        if not path.is_file():
            raise ValueError(f"{path} does not exist: give the folder of a text run")
        try:
            # Not splitlines(): a token may contain a character that Unicode counts as a newline.
            return cls(path.read_bytes().decode().removesuffix("\n").split("\n"), lowercase)
        except (ValueError, RuntimeError) as error:  # the latter of an empty token
            raise ValueError(f"{path} is not a vocabulary: {error}") from error

    def _layer(self, **kwargs):
        return keras_hub.tokenizers.WordPieceTokenizer(
            self.vocabulary,
            lowercase=self.lowercase,
            strip_accents=self.lowercase,
            **kwargs,
        )

    def _graph(self, layer):
        def tokenize(texts):
            return layer(tf.strings.regex_replace(self.squeeze(texts), _LONG, r"\1 "))

        # Outside a graph KerasHub's layer tokenizes in Python.
        return tf.function(tokenize, input_signature=[tf.TensorSpec([None], tf.string)])


def learn_vocabulary(texts: Iterable[str], size: int, lowercase: bool = True) -> list[str]:
    """Learns a WordPiece vocabulary with KerasHub's `compute_word_piece_vocabulary`.

    Each of the 1,000 most frequent characters of the corpus has a token for the beginning of a
    word and one for its inside, so words of these characters never become [UNK].

    Args:
        texts: the corpus, in chunks that do not split words.
        size: maximum number of tokens; a small corpus has fewer that occur 10 times.
        lowercase: lowercase the text and strip accents.

    Returns:
        List of tokens, `SPECIAL_TOKENS` first, deterministic for a given corpus.

    Raises:
        ValueError: when the corpus has no words, or too many characters for `size`.
    """
    counts = _count_words(texts, lowercase)
    if not counts:
        raise ValueError("the texts have no words to learn a vocabulary from")
    learned = keras_hub.tokenizers.compute_word_piece_vocabulary(
        _repeated(counts, _cap(counts, size)),
        size,
        split=False,
        reserved_tokens=list(SPECIAL_TOKENS),
    )
    characters = sorted(token for token in learned if len(token) == 1)
    least = [*SPECIAL_TOKENS, *characters, *(f"##{character}" for character in characters)]
    if len(least) > size:
        needed = len(SPECIAL_TOKENS) + 2 * min(_MAX_CHARACTERS, len(set().union(*counts)))
        raise ValueError(
            f"vocabulary_size={size} is too small for the characters of the texts: it must be "
            f"{needed} or more"
        )
    return list(dict.fromkeys([*least, *learned]))[:size]


class _Spacing(dict):
    """Translation table that separates words as KerasHub's tokenizer does."""

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
        for piece in pieces(text):
            chunks.update(piece.split())
    counts, spacing = Counter(), _Spacing(lowercase)
    for chunk, count in chunks.items():
        if lowercase:
            chunk = unicodedata.normalize("NFD", chunk)
        for whole in chunk.translate(spacing).split():
            for word in _LONG_WORD.sub(r"\g<0> ", whole).split():
                folded = unicodedata.normalize("NFKC", word.casefold()) if lowercase else word
                counts[folded] += count
    return _most_common(counts)


def _most_common(counts):
    """Returns the most frequent words, as many as can be learned from."""
    kept = counts.most_common(_MAX_WORDS)
    lengths = np.array([len(word) for word, _ in kept], np.int64)
    prefixes = np.cumsum(lengths * (lengths + 1) * (lengths + 2) // 6)
    return dict(kept[: np.searchsorted(prefixes, _MAX_PREFIXES, side="right")])


def _cap(counts, size):
    """Returns the word count above which larger counts do not change the vocabulary.

    The learner searches by bisection, from the highest count of a word down, for the threshold
    that gives `size` tokens, and counts all tokens again at each step. No threshold yields more
    tokens than there are word endings and characters of that frequency. So the outcome of the
    first steps is known in advance; and a word more frequent than the threshold is a token,
    whatever its count.
    """
    ends = Counter()
    for word, count in counts.items():
        for start in range(len(word)):
            ends[word[start:], start > 0] += count
    often = np.sort(list(ends.values()))
    always = len(SPECIAL_TOKENS) + 2 * len(set().union(*counts))
    lower, upper = max(_MIN_COUNT, min(counts.values())), max(counts.values())
    while lower < upper:
        threshold = (lower + upper) // 2
        at_most = always + len(often) - np.searchsorted(often, threshold)
        if at_most >= (1 - _SLACK) * size:
            break
        upper = threshold - 1
    return upper


def _repeated(counts, cap):
    """Returns a dataset of the words, each repeated by its count, as the learner expects."""
    words = tf.constant(list(counts))
    times = np.minimum(list(counts.values()), cap)
    # Frequent ones in parts, so that little is in memory at a time.
    parts = -(-times // _PART)
    first = np.repeat(np.cumsum(parts) - parts, parts)
    left = np.repeat(times, parts) - _PART * (np.arange(len(first)) - first)
    rows = tf.data.Dataset.from_tensor_slices(
        (np.repeat(np.arange(len(times)), parts), np.minimum(left, _PART))
    )
    return mapped(rows.batch(_ROWS), lambda at, times: tf.repeat(tf.gather(words, at), times))
