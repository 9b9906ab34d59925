"""Byte-level byte pairs in TensorFlow, with no table that grows while it serves."""

import tensorflow as tf

# What parts words where GPT-2's pattern looks ahead, which RE2 cannot: the last blank of several
# belongs to the word that follows. Texts have no NUL, see `Documents.decode`.
_PART = "\0"
_SPACE = r"\t-\r\x{85}\p{Z}"
_NO_BLANK = r"^([^ ])"
_LAST_BLANK = rf"([{_SPACE}])([{_SPACE}][^{_SPACE}])"
_WORD = (
    rf"('s|'t|'re|'ve|'m|'ll|'d| ?\p{{L}}+| ?\p{{N}}+| ?[^{_SPACE}\p{{L}}\p{{N}}\x00]+|[{_SPACE}]+)"
)
_NEVER = 2**31 - 1  # the rank of a pair that is not merged


class BytePairsInGraph(tf.Module):
    """The same ids as `text.BytePairs` or `text.PublishedBytePairs`, in TensorFlow.

    Args:
        tokens: list of str, the token of each id, bytes written as GPT-2 writes them.
        merges: list of pairs of tokens in the order in which they are merged.
        longest: bytes after which a word is cut.
        prefix_blank: whether a text is read as if a blank stood before it.
        specials: Specials.

    Attributes:
        specials: Specials.
    """

    def __init__(self, tokens, merges, longest, prefix_blank, specials):
        super().__init__()
        ids = {token: i for i, token in enumerate(tokens)}
        self.specials = specials
        self._size, self._longest, self._prefix_blank = len(tokens), longest, prefix_blank
        self._of_byte = tf.constant([ids[token] for token in _byte_tokens()], tf.int64)
        pairs = [ids[a] * self._size + ids[b] for a, b in merges]
        self._merged = tf.constant([ids[a + b] for a, b in merges] or [0], tf.int64)
        self._ranks = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(pairs, range(len(pairs)), tf.int64, tf.int64),
            _NEVER,
        )

    def squeeze(self, texts):
        """Returns texts as they are: blanks have tokens."""
        return texts

    def __call__(self, texts):
        """Tokenizes texts.

        Args:
            texts: string tensor (B,) of UTF-8, without NUL.

        Returns:
            RaggedTensor int32 (B, None).
        """
        words = self._words(texts)
        rows = tf.strings.bytes_split(words.values)
        octets = tf.reshape(tf.io.decode_raw(rows.values, tf.uint8), [-1])
        lengths = rows.row_lengths()
        parts = (lengths + self._longest - 1) // self._longest
        place = tf.ragged.range(lengths).values
        word_of = rows.value_rowids()
        part_of = tf.gather(tf.cumsum(parts, exclusive=True), word_of) + place // self._longest
        symbols, part_of = self._merge(tf.gather(self._of_byte, tf.cast(octets, tf.int32)), part_of)
        text_of_word = words.value_rowids()
        text_of = tf.gather(tf.repeat(text_of_word, parts), part_of)
        return tf.RaggedTensor.from_value_rowids(
            tf.cast(symbols, tf.int32), text_of, nrows=words.nrows()
        )

    def _words(self, texts):
        if self._prefix_blank:
            texts = tf.strings.regex_replace(texts, _NO_BLANK, r" \1", replace_global=False)
        parted = tf.strings.regex_replace(texts, _LAST_BLANK, rf"\1{_PART}\2")
        parted = tf.strings.regex_replace(parted, _WORD, rf"\1{_PART}")
        words = tf.strings.split(parted, _PART)
        return tf.ragged.boolean_mask(words, words != "")

    def _merge(self, symbols, word_of):
        """Merges pairs, the one of lowest rank in each word first, until there is none."""

        def ranks_of(symbols, word_of):
            same = word_of[1:] == word_of[:-1]
            ranks = self._ranks.lookup(symbols[:-1] * self._size + symbols[1:])
            return tf.where(same, ranks, _NEVER)

        def following(symbols, word_of, ranks):
            lowest = tf.math.segment_min(ranks, word_of[:-1])
            best = (ranks < _NEVER) & (ranks == tf.gather(lowest, word_of[:-1]))
            first = _every_other(best)
            merged = tf.gather(self._merged, tf.where(first, ranks, 0))
            symbols = tf.concat([tf.where(first, merged, symbols[:-1]), symbols[-1:]], axis=0)
            kept = tf.concat([[True], ~first], axis=0)
            symbols, word_of = symbols[kept], word_of[kept]
            return symbols, word_of, ranks_of(symbols, word_of)

        shape = tf.TensorShape([None])
        symbols, word_of, _ = tf.while_loop(
            lambda symbols, word_of, ranks: tf.reduce_any(ranks < _NEVER),
            following,
            (symbols, word_of, ranks_of(symbols, word_of)),
            shape_invariants=(shape, shape, shape),
        )
        return symbols, word_of


def _every_other(chosen):
    """Keeps the first, third and so on of neighbors that are chosen: pairs must not overlap."""
    begins = chosen & ~tf.concat([[False], chosen[:-1]], axis=0)
    places = tf.range(tf.size(chosen))
    starts = tf.gather(
        tf.concat([[0], tf.where(begins)[:, 0]], axis=0), tf.cumsum(tf.cast(begins, tf.int64))
    )
    return chosen & ((tf.cast(places, tf.int64) - starts) % 2 == 0)


def _byte_tokens():
    """Returns the token of each byte, as GPT-2 writes it."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [octet for octet in range(256) if octet not in printable]
    written = {octet: chr(octet) for octet in printable}
    written |= {octet: chr(256 + place) for place, octet in enumerate(others)}
    return [written[octet] for octet in range(256)]
