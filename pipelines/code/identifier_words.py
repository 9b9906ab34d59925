"""Words of code and of what is written about it: identifiers are split into what they are made of.

"parseHTTPDate" and "parse_http_date" are parse, http and date.
"""

import re

import tensorflow as tf

from mmssl.pipelines.text.words import Words

_WORD = re.compile(r"[^\W\d_]+|\d+")
# A capital begins a word after a lowercase letter, and before one: parse|HTTP, HTTP|Date.
_HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][^\W\d_A-Z])")


class IdentifierWords(Words):
    """Words in lowercase, and numbers; those that the vocabulary lacks are left out.

    All but letters and digits parts words, and so do capitals inside them and changes between
    letters and digits.

    Args:
        vocabulary: see `Words`.
    """

    @staticmethod
    def spaced(texts):
        """Returns texts (B,) in lowercase, with one blank between words and nothing else."""
        texts = tf.strings.regex_replace(texts, r"(\p{Ll})(\p{Lu})", r"\1 \2")
        texts = tf.strings.regex_replace(texts, r"(\p{Lu})(\p{Lu}\p{Ll})", r"\1 \2")
        texts = tf.strings.lower(texts, "utf-8")
        texts = tf.strings.regex_replace(texts, r"(\p{Nd}+)", r" \1 ")
        return tf.strings.strip(tf.strings.regex_replace(texts, r"[^\p{L}\p{M}\p{N}]+", " "))


def split_words(text):
    """Splits a text into words as `IdentifierWords` does, without a graph.

    Args:
        text: str.

    Returns:
        list of str, such as ["utf", "8", "decoder"] of "Utf8Decoder".
    """
    return [part.lower() for word in _WORD.findall(text) for part in _HUMP.split(word)]
