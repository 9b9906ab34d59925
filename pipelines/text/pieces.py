"""Pieces of long texts, so that time and memory do not follow the length of one text or word."""

import re

_LONGEST = 10_000
# A piece ends before blanks, where a word ends for every tokenizer; inside a word if it must.
_PIECE = re.compile(rf".{{0,{_LONGEST - 1}}}\S(?=\s|\Z)|.{{1,{_LONGEST}}}", re.DOTALL)


def pieces(text):
    """Cuts a text into pieces of at most 10,000 characters.

    Args:
        text: str.

    Yields:
        str; all together are the text. Each but the first begins with a blank, unless there are
        10,000 characters without one, or as many blanks.
    """
    return (found[0] for found in _PIECE.finditer(text))
