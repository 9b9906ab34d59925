"""BERT's published WordPieces in TensorFlow's own operations."""

import sys
import unicodedata

import tensorflow as tf

from mmssl.pipelines.text.published_word_pieces import LONGEST

_PUNCTUATION = r"[!-/:-@\[-`{-~\p{P}]"
_PRIVATE = r"\p{Co}"  # characters without a meaning, which the library leaves out
_INSIDE = "##"


class WordPiecesInGraph(tf.Module):
    """The same ids as `text.PublishedWordPieces`, in TensorFlow.

    Unassigned code points, which the library leaves out, belong to their word here.

    Args:
        published: PublishedWordPieces.

    Attributes:
        specials: Specials.
    """

    def __init__(self, published):
        super().__init__()
        self.specials, self.squeeze = published.specials, published.squeeze
        tokens = published.vocabulary[: len(published) - len(published.added)]
        self._unknown = published.specials.unknown
        self._longest = max(map(len, tokens))
        self._ids = _table(tokens, range(len(tokens)))
        changed = _changed_characters(published.normalizer)
        self._apart = _ranges([c for c, become in changed.items() if become == f" {c} "])
        changed = {c: become for c, become in changed.items() if become != f" {c} "}
        self._changed = _table(list(changed), range(len(changed)))
        self._become = tf.constant(list(changed.values()))

    def __call__(self, texts):
        """Tokenizes texts.

        Args:
            texts: string tensor (B,) of UTF-8.

        Returns:
            RaggedTensor int32 (B, None).
        """
        texts = tf.strings.regex_replace(texts, _PRIVATE, "")
        texts = tf.strings.regex_replace(texts, self._apart, r" \0 ") if self._apart else texts
        characters = tf.strings.unicode_split(texts, "UTF-8")
        place = self._changed.lookup(characters.values)
        become = tf.gather(self._become, tf.maximum(place, 0))
        normal = characters.with_values(tf.where(place < 0, characters.values, become))
        spaced = tf.strings.regex_replace(
            tf.strings.reduce_join(normal, axis=-1), _PUNCTUATION, r" \0 "
        )
        words = tf.strings.split(spaced)
        pieces = self._pieces(words.values)
        return tf.RaggedTensor.from_row_splits(pieces, words.row_splits).merge_dims(1, 2)

    def _pieces(self, words):
        """Splits words (W,) into the longest tokens from the left, ragged int32 (W, None)."""
        lengths = tf.strings.length(words, "UTF8_CHAR")
        sizes = tf.range(1, self._longest + 1)

        def following(at, broken, found):
            inside = at < lengths
            # A position behind the end would be an error.
            start = _repeated(tf.where(inside, at, 0), self._longest)
            every_size = tf.broadcast_to(sizes, tf.shape(start))
            parts = tf.strings.substr(
                _repeated(words, self._longest), start, every_size, "UTF8_CHAR"
            )
            ids = self._ids.lookup(tf.strings.join([tf.where(start > 0, _INSIDE, ""), parts]))
            fits = (ids >= 0) & (start + sizes <= lengths[:, tf.newaxis]) & inside[:, tf.newaxis]
            size = tf.reduce_max(tf.where(fits, sizes, 0), axis=1)
            chosen = tf.gather(ids, tf.maximum(size - 1, 0), batch_dims=1)
            broken |= inside & (size == 0)
            piece = tf.where(size > 0, chosen, -1)[:, tf.newaxis]
            return tf.where(broken, lengths, at + size), broken, tf.concat([found, piece], axis=1)

        none = tf.zeros([tf.size(words), 0], tf.int64)
        broken = lengths > LONGEST
        row = tf.TensorShape([None])
        _, broken, found = tf.while_loop(
            lambda at, *_: tf.reduce_any(at < lengths),
            following,
            (tf.where(broken, lengths, 0), broken, none),
            shape_invariants=(row, row, tf.TensorShape([None, None])),
        )
        unknown = tf.constant([self._unknown], tf.int64)
        found = tf.where(~broken[:, tf.newaxis], found, -1)
        found = tf.concat([tf.where(broken[:, tf.newaxis], unknown, -1), found], axis=1)
        return tf.cast(tf.ragged.boolean_mask(found, found >= 0), tf.int32)


def _changed_characters(normalizer):
    """Returns what each character becomes that does not stay as it is."""
    assigned = (
        chr(code)
        for code in range(1, sys.maxunicode + 1)
        if unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs")
    )
    return {
        character: become
        for character in assigned
        if (become := normalizer.normalize_str(character)) != character
    }


def _repeated(row, count):
    return tf.repeat(row[:, tf.newaxis], count, axis=1)


def _ranges(characters):
    """Returns a pattern that matches one of the characters, ascending; empty for none."""
    codes = {ord(character) for character in characters}
    firsts = sorted(code for code in codes if code - 1 not in codes)
    lasts = sorted(code for code in codes if code + 1 not in codes)
    pairs = zip(firsts, lasts, strict=True)
    ranges = "".join(rf"\x{{{first:X}}}-\x{{{last:X}}}" for first, last in pairs)
    return f"[{ranges}]" if ranges else ""


def _table(keys, values):
    pairs = tf.lookup.KeyValueTensorInitializer(keys, list(values), tf.string, tf.int64)
    return tf.lookup.StaticHashTable(pairs, -1)
