"""Near duplicates among many texts, by MinHash: only texts that share a band are compared."""

import zlib
from collections import Counter

import numpy as np

SAME_SET, SAME_COUNTS = 0.8, 0.7  # Jaccard similarities from which on two texts are copies
LEAST_WORDS = 10  # shorter texts are compared as they are
_BANDS, _ROWS = 16, 4
_SEED = 0


class NearDuplicates:
    """Tells which texts nearly repeat an earlier one, as they come.

    Two are near duplicates where the Jaccard similarity of their sets of words is at least 0.8, and
    that of their counts at least 0.7. A text is compared with the first one in each of 16 bands of
    a MinHash signature that it shares, which misses less than one pair in 1,000 of a similarity of
    0.8.

    Args:
        words_of: function of the number of an earlier text to its list of words.

    Reference:
        Allamanis 2019, arXiv 1812.06469 (the thresholds); Broder 1997 (MinHash).
    """

    def __init__(self, words_of):
        self._words_of = words_of
        self._first = {}  # band and its values -> number of the text that had them first
        shape = (2, _BANDS * _ROWS, 1)
        draws = np.random.default_rng(_SEED).integers(0, 2**64, shape, np.uint64)
        self._factors, self._shifts = draws[0] | np.uint64(1), draws[1]

    def add(self, number, words):
        """Returns whether a text repeats an earlier one; later ones are compared with it if not.

        Args:
            number: int, of the text.
            words: list of str.
        """
        bands = self._bands(words)
        earlier = {self._first[band] for band in bands if band in self._first}
        if any(alike(words, self._words_of(other)) for other in sorted(earlier)):
            return True
        for band in bands:
            self._first.setdefault(band, number)
        return False

    def _bands(self, words):
        if len(words) < LEAST_WORDS:
            return [" ".join(words)]
        hashed = np.array([zlib.crc32(word.encode()) for word in set(words)], np.uint64)
        # Multiplication modulo 2^64, whose high half is a hash.
        least = (hashed * self._factors + self._shifts >> np.uint64(32)).min(axis=1)
        bands = np.split(least.astype(np.uint32), _BANDS)
        return [bytes([i]) + band.tobytes() for i, band in enumerate(bands)]


def alike(words, others):
    """Returns whether two lists of words are nearly the same, in any order."""
    one, two = Counter(words), Counter(others)
    if len(words) < LEAST_WORDS:
        return words == others
    return (
        _ratio(one.keys() & two.keys(), one.keys() | two.keys()) >= SAME_SET
        and _ratio(list((one & two).elements()), list((one | two).elements())) >= SAME_COUNTS
    )


def _ratio(common, whole):
    return len(common) / len(whole)
