"""Reading of texts in parts, so that memory does not follow the length of one."""

import codecs
import itertools
import os
import unicodedata
from operator import itemgetter

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import mapped
from mmssl.pipelines.sources.arrays import host
from mmssl.pipelines.sources.tables import NO_TEXT
from mmssl.pipelines.text.blocks import in_blocks

NOT_UTF8 = "it is not UTF-8 text"
HAS_NUL = "it is UTF-16, or no text: it has NUL"
PART = 2**20  # bytes that are read together
_INVISIBLE = ("Zs", "Zl", "Zp", "Cc", "Cf", "Mn", "Mc", "Me")


def checked(parts):
    """Decodes a text that comes in parts.

    Args:
        parts: iterable of bytes, all together UTF-8, with or without a byte order mark.

    Yields:
        str, a part each, without the mark, and with blanks in place of NUL.

    Raises:
        ValueError: it is not UTF-8, one in ten bytes is NUL, or it is blank; the message is the
            reason.
    """
    decoder, size, nul, blank = codecs.getincrementaldecoder("utf-8")(), 0, 0, True
    for raw in itertools.chain(parts, [b""]):
        try:
            text = decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            raise ValueError(NOT_UTF8) from error
        text = text if size else text.removeprefix("\ufeff")
        size, nul = size + len(raw), nul + raw.count(b"\0")
        blank = blank and not any(map(_is_visible, text))
        if text:
            yield text.replace("\0", " ")
    if nul * 10 > size:
        raise ValueError(HAS_NUL)
    if blank:
        raise ValueError(NO_TEXT)


def _is_visible(character):
    return unicodedata.category(character) not in _INVISIBLE


def whole(raw):
    """Returns a text, as `checked` decodes it, in UTF-8.

    Args:
        raw: bytes; or an array of them, as a graph gives them that is not compiled.
    """
    raw = raw.item() if isinstance(raw, np.ndarray) else raw
    return "".join(checked([raw])).encode()


class TextReader:
    """Reads the texts of a source; those of files, of which one may exceed any memory, in parts.

    Args:
        source: Source.
        decode: graph function, raw item -> text, string (1,), for items that are no files.
        calls: parts that are read in parallel, or tf.data.AUTOTUNE.
    """

    def __init__(self, source, decode, calls):
        self._source, self._decode, self._calls = source, decode, calls
        self._files = None
        if source.root is not None:
            self._files = [os.fsencode(source.root / name) for name in source.names]
            self._paths = host(self._files)

    def size_read(self, index):
        """Reads a text through, in little memory, and fails where it is none; works in a graph.

        Args:
            index: int64 scalar, index of the item.

        Returns:
            int64 (1,), its bytes as it is decoded.
        """
        if self._files is None:
            return tf.strings.length(self._decode(self._source.read(index)))

        def through(path):
            return np.int64(sum(len(text.encode()) for text in checked(_parts(path))))

        path = tf.gather(self._paths, index)
        return tf.reshape(tf.numpy_function(through, [path], tf.int64, stateful=False), [1])

    def beginning(self, index, characters):
        """Reads the beginning of a text; works in a graph.

        Args:
            index: int64 scalar, index of the item.
            characters: int, fewest letters and digits to be read, if there are so many.

        Returns:
            string (1,).
        """
        if self._files is None:
            return self._decode(self._source.read(index))

        def begun(path):
            found, letters = [], 0
            for text in checked(_parts(path)):
                found.append(text)
                letters += sum(map(str.isalnum, text))
                if letters >= characters:
                    break
            return "".join(found).encode()

        text = tf.numpy_function(begun, [tf.gather(self._paths, index)], tf.string, stateful=False)
        return tf.reshape(text, [1])

    def blocks(self):
        """Yields all texts, long ones in blocks, see `in_blocks`: pairs of an index and a str."""
        for number, parts in itertools.groupby(self._raw(), itemgetter(0)):
            texts = checked(raw for _, raw in parts)
            yield from ((int(number), block) for block in in_blocks(texts))

    def _raw(self):
        """Yields pairs of an index and bytes, those of one text one after the other."""
        if self._files is None:
            numbers = tf.data.Dataset.range(len(self._source))
            items = mapped(numbers, lambda i: (i, self._source.read(i)), self._calls)
            return items.as_numpy_iterator()
        sizes = np.array([os.path.getsize(file) for file in self._files])
        counts = np.maximum(1, -(-sizes // PART))
        numbers = np.repeat(np.arange(len(sizes)), counts)
        starts = PART * (np.arange(len(numbers)) - np.repeat(np.cumsum(counts) - counts, counts))

        def part(number, start):
            with open(self._files[number], "rb", buffering=0) as file:
                return os.pread(file.fileno(), PART, start)

        parts = tf.data.Dataset.from_tensor_slices((numbers, starts))
        read = mapped(
            parts,
            lambda i, at: (i, tf.numpy_function(part, [i, at], tf.string, stateful=False)),
            self._calls,
        )
        return read.as_numpy_iterator()


def _parts(path):
    with open(path.item() if isinstance(path, np.ndarray) else path, "rb", buffering=0) as file:
        while raw := file.read(PART):
            yield raw
