"""Pairs without those that are likely to be wrong."""

import logging
import math
from collections import Counter
from typing import Any

import numpy as np

from mmssl.pipelines.pairs.pairs import Pairs
from mmssl.pipelines.pipeline import Pipeline

_READ = 2**12  # letters of a text, far more than the words of any caption that is kept

logger = logging.getLogger(__name__)


class FilteredPairs(Pairs):
    """`Pairs` of which noisy ones are left out, counted and named (Jia et al. 2021, 2102.05918).

    A text is left out that too many pairs have, or that is too short or too long; a picture that is
    too small, or too long for its width. A pair of which nothing is left on a side is left out.

    Args:
        source: see `Pairs`.
        sides: see `Pairs`.
        batch_size: pairs per batch.
        words: fewest and most words of a text, parted by blanks.
        repeats: most pairs that may have a text; None for any number.
        pixels: fewest pixels along the shorter side of a picture, as it is decoded.
        stretch: largest ratio of its longer side to its shorter one, 1 or more.
        **kwargs: see `Pairs`.

    Attributes:
        left_out: Counter of what was left out, by the reason.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        source: Any,
        sides: dict[str, Pipeline],
        batch_size: int = 64,
        words: tuple[int, int] = (3, 20),
        repeats: int | None = 10,
        pixels: int = 200,
        stretch: float = 3.0,
        **kwargs,
    ):
        super().__init__(source, sides, batch_size, **kwargs)
        if not 0 <= words[0] <= words[1]:
            raise ValueError(f"words={tuple(words)} must be 0 or more and in ascending order")
        if repeats is not None and repeats < 1:
            raise ValueError(f"repeats={repeats} must be 1 or more, or None")
        if pixels < 0 or stretch < 1:
            raise ValueError(f"pixels={pixels} must be 0 or more, and stretch={stretch} 1 or more")
        self.words = tuple(words)
        self.repeats = repeats
        self.pixels = pixels
        self.stretch = stretch
        self.left_out = Counter()

    def on(self, source):
        """Returns a copy over other pairs, such as held-out ones, all of which are kept."""
        other = super().on(source)
        other.words, other.repeats, other.pixels, other.stretch = (0, math.inf), None, 0, math.inf
        return other

    def noisy(self, name, half, kept):
        side, reasons = self.sides[name], [None] * len(half.source)
        readable = np.flatnonzero(kept)
        if name == self.text_side:
            pairs = np.bincount(half.items, minlength=len(half.source))
            texts = side.beginnings(side.items, _READ).as_numpy_iterator()
            for item, text in zip(readable, texts, strict=True):
                reasons[item] = self._of_text(text[0].decode(), pairs[item])
        elif side.shapes is not None and side.shapes.shape[1] == 3:
            for item, shape in zip(readable, side.shapes, strict=True):
                reasons[item] = self._of_picture(*sorted(shape[:2].tolist()))
        counts = Counter(reason for reason in reasons if reason is not None)
        self.left_out += counts
        for reason, count in counts.items():
            logger.warning(
                "left out %d of %d on the side %s: %s", count, len(reasons), name, reason
            )
        return reasons

    def _of_text(self, text, pairs):
        fewest, most = self.words
        if self.repeats is not None and pairs > self.repeats:
            return f"more than {self.repeats} pairs have it"
        if not fewest <= len(text.split()) <= most:
            return f"it has not {fewest} to {most} words"
        return None

    def _of_picture(self, short, long):
        if short < self.pixels:
            return f"its shorter side has fewer than {self.pixels} pixels"
        if long > self.stretch * short:
            return f"it is more than {self.stretch:g} times as long as wide"
        return None
