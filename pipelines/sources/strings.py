"""Many strings in one array of bytes, of which none is a Python object until it is asked for."""

import hashlib
import itertools
from collections.abc import Sequence

import numpy as np

_TOGETHER = 2**16  # strings that are decoded, or hashed, together


class Strings(Sequence):
    """A sequence of str, such as names or labels, that takes no memory where its arrays are mapped.

    Args:
        data: uint8 array, the strings in UTF-8, one after the other.
        ends: int64 array (S,), where each ends in `data`.
        rows: int array (N,), which of the S strings is at each place; None for all in order.
    """

    def __init__(self, data, ends, rows=None):
        self.data, self.ends, self.rows = data, ends, rows

    @classmethod
    def of(cls, strings):
        """Puts strings together, each as often as it is there.

        Args:
            strings: list of str.
        """
        encoded = [text.encode("utf-8", "surrogateescape") for text in strings]
        ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
        return cls(np.frombuffer(b"".join(encoded), np.uint8), ends)

    def __len__(self):
        return len(self.ends if self.rows is None else self.rows)

    def __getitem__(self, at):
        """Returns a str at an int, and `Strings` for anything else that NumPy takes."""
        if isinstance(at, int | np.integer):
            if not -len(self) <= at < len(self):
                raise IndexError(f"there are {len(self)} strings, and none at {at}")
            return self._string(range(len(self))[at] if self.rows is None else self.rows[at])
        rows = np.arange(len(self.ends)) if self.rows is None else self.rows
        return Strings(self.data, self.ends, np.asarray(rows[at]))

    def __iter__(self):
        for first in range(0, len(self), _TOGETHER):
            yield from self._some(first, min(first + _TOGETHER, len(self)))

    def __eq__(self, other):
        """Compares with a sequence of str."""
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None

    def __array__(self, dtype=None, copy=None):
        return np.array(list(self), dtype or str)

    def tolist(self):
        """Returns a list of str."""
        return list(self)

    def values(self):
        """Returns the S strings that there are, a list of str, however often each is there."""
        return list(Strings(self.data, self.ends))

    def objects(self):
        """Returns an object array (N,), in which equal entries are one str: 8 bytes an entry."""
        found = np.array(self.values(), object)
        return found if self.rows is None else found[self.rows]

    def fingerprint(self):
        """Returns the SHA-256 of the strings, parted by newlines, in hexadecimal digits."""
        digest = hashlib.sha256()
        for first in range(0, len(self), _TOGETHER):
            some = "\n".join(self._some(first, min(first + _TOGETHER, len(self))))
            digest.update((b"\n" if first else b"") + some.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def _some(self, first, end):
        if self.rows is not None:
            return [self._string(row) for row in self.rows[first:end]]
        ends = [int(self.ends[first - 1]) if first else 0, *self.ends[first:end].tolist()]
        data = bytes(self.data[ends[0] : ends[-1]])
        places = [end - ends[0] for end in ends]
        pairs = itertools.pairwise(places)
        return [data[a:b].decode("utf-8", "surrogateescape") for a, b in pairs]

    def _string(self, row):
        begin = int(self.ends[row - 1]) if row else 0
        return bytes(self.data[begin : self.ends[row]]).decode("utf-8", "surrogateescape")
