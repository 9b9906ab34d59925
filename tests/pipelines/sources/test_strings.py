"""Many strings in one array."""

import hashlib

import numpy as np
import pytest

from mmssl.pipelines.sources.strings import Strings

WORDS = ["cat", "", "Häuser", "木", "cat", "a\tb"]


def strings(count=None):
    return Strings.of(WORDS[:count])


def test_they_come_back_one_by_one_and_together():
    assert [strings()[i] for i in range(len(WORDS))] == WORDS
    assert list(strings()) == strings().tolist() == WORDS
    assert strings()[-1] == WORDS[-1]
    assert (strings(), WORDS[:-1]) == (WORDS, strings(5))
    assert strings() != [*WORDS[:-1], "other"]
    with pytest.raises(IndexError, match="6 strings, and none at 6"):
        strings()[6]


def test_none_are_allowed():
    assert list(Strings.of([])) == []


def test_a_choice_of_them_is_one_again():
    chosen = strings()[np.array([3, 0, 3])]
    assert chosen == ["木", "cat", "木"]
    assert chosen[np.array([1])] == ["cat"]
    assert chosen[:2].tolist() == ["木", "cat"]
    assert strings()[np.array([True, False, True, False, False, False])] == ["cat", "Häuser"]


def test_rows_share_what_is_equal():
    coded = Strings(*vars(Strings.of(["b", "a"])).values())
    coded.rows = np.array([1, 0, 1])
    objects = coded.objects()
    assert objects.tolist() == coded.tolist() == ["a", "b", "a"]
    assert objects[0] is objects[2]
    assert np.asarray(coded).dtype.kind == "U"
    assert coded.values() == ["b", "a"]


def test_the_fingerprint_is_that_of_lines(monkeypatch):
    expected = hashlib.sha256("\n".join(WORDS).encode()).hexdigest()
    assert strings().fingerprint() == expected
    monkeypatch.setattr("mmssl.pipelines.sources.strings._TOGETHER", 2)
    assert strings().fingerprint() == strings()[np.arange(6)].fingerprint() == expected
    assert list(strings()) == WORDS
