"""Pieces of long texts."""

import pytest

from mmssl.pipelines.text.pieces import pieces


@pytest.mark.parametrize(
    "text",
    ["", "one", "word " * 9000, "\n\n  word" * 9000, "x" * 25001, " " * 25001, "天气。" * 9000],
)
def test_pieces_are_the_text_in_bounded_parts(text):
    found = list(pieces(text))
    assert "".join(found) == text
    assert all(0 < len(piece) <= 10_000 for piece in found)
    assert len(found) <= 1 + len(text) // 9_000


def test_pieces_part_no_word_where_there_are_blanks():
    words = ("river stone light " * 3000).split()
    assert [word for piece in pieces(" ".join(words)) for word in piece.split()] == words
