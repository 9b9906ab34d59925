"""Words of code and of what is written about it: identifiers are split into what they are made of.

"parseHTTPDate" and "parse_http_date" are parse, http and date.
"""

import re

import tensorflow as tf

from mmssl.pipelines.text.words import Words

_RARE = "[RARE "  # no word begins like that
_WORD = re.compile(r"[^\W\d_]+|\d+")
# A capital begins a word after a lowercase letter, and before one: parse|HTTP, HTTP|Date.
_HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][^\W\d_A-Z])")


class IdentifierWords(Words):
    """Words in lowercase, and numbers.

    All but letters and digits parts words, and so do capitals inside them and changes between
    letters and digits. Words that the vocabulary lacks share the ids of the tokens of `rare_words`
    at its end, by their hash; without such, they are left out.

    Args:
        vocabulary: see `Words`.
    """

    def __init__(self, vocabulary):
        super().__init__(vocabulary)
        self._rare = sum(token.startswith(_RARE) for token in self.vocabulary)

    def __call__(self, texts):
        """Looks up the words of texts; see `Words`."""
        if not self._rare:
            return super().__call__(texts)
        words = tf.strings.split(self.spaced(texts))
        hashed = tf.strings.to_hash_bucket_fast(words.values, self._rare)
        first, found = len(self) - self._rare, self._table.lookup(words.values)
        return words.with_values(tf.where(found < 0, first + tf.cast(hashed, tf.int32), found))

    @staticmethod
    def spaced(texts):
        """Returns texts (B,) in lowercase, with one blank between words and nothing else."""
        texts = tf.strings.regex_replace(texts, r"(\p{Ll})(\p{Lu})", r"\1 \2")
        texts = tf.strings.regex_replace(texts, r"(\p{Lu})(\p{Lu}\p{Ll})", r"\1 \2")
        texts = tf.strings.lower(texts, "utf-8")
        texts = tf.strings.regex_replace(texts, r"(\p{Nd}+)", r" \1 ")
        return tf.strings.strip(tf.strings.regex_replace(texts, r"[^\p{L}\p{M}\p{N}]+", " "))


def rare_words(count):
    """Returns the tokens whose ids words of no vocabulary share, a list of `count` str."""
    return [f"{_RARE}{number}]" for number in range(count)]


def split_words(text):
    """Splits a text into words as `IdentifierWords` does, without a graph.

    Args:
        text: str.

    Returns:
        list of str, such as ["utf", "8", "decoder"] of "Utf8Decoder".
    """
    return [part.lower() for word in _WORD.findall(text) for part in _HUMP.split(word)]
