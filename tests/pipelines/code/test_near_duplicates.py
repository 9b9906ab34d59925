"""Near duplicates: by sets and counts of words, and found without comparing all."""

import numpy as np
import pytest

from mmssl.pipelines.code.near_duplicates import NearDuplicates, alike

WORDS = [f"w{i}" for i in range(40)]


@pytest.mark.parametrize(
    ("shared", "same"),
    [(18, True), (17, False)],  # of 20 words each: 18 / 22 > 0.8 > 17 / 23
)
def test_two_are_alike_from_a_similarity_of_the_thresholds_on(shared, same):
    assert alike(WORDS[:20], [*WORDS[:shared], *WORDS[20 : 40 - shared]]) == same


def test_counts_matter_too():
    assert not alike(WORDS[:20], WORDS[:20] * 2)
    assert alike(WORDS[:20], [*WORDS[:20], *WORDS[:8]])


def test_short_texts_are_compared_as_they_are():
    assert alike(["a", "b"], ["a", "b"])
    assert not alike(["a", "b"], ["b", "a"])


def documents(draw, near):
    """Texts of 60 words, of which every second one repeats that before but for some words."""
    found = []
    for _ in range(150):
        words = [f"v{n}" for n in draw.choice(5000, 60, replace=False)]
        found += [words, [*words[near:], *(f"u{n}" for n in draw.choice(5000, near))]]
    return found


@pytest.mark.parametrize(("near", "share"), [(5, 1.0), (12, 0.0)])  # 55 / 65, and 48 / 72
def test_near_duplicates_of_earlier_texts_are_found_and_no_others(near, share):
    texts = documents(np.random.default_rng(0), near)
    seen = NearDuplicates(lambda number: texts[number])
    repeated = np.array([seen.add(number, words) for number, words in enumerate(texts)])
    assert not repeated[::2].any()
    assert repeated[1::2].mean() == share


def test_an_empty_text_is_compared_too():
    seen = NearDuplicates(lambda number: [])
    assert [seen.add(0, []), seen.add(1, [])] == [False, True]
