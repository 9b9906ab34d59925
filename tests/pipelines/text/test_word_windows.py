"""Rows of running words: what is left out, what a row holds, how noise and radii are drawn."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.text import WordWindows
from mmssl.pipelines.text.huffman import huffman_paths
from mmssl.pipelines.text.word_windows import keep_probabilities
from tests.pipelines.elements import elements
from tests.tolerances import ROUNDING, STANDARD_ERRORS, assert_close

WORDS = ["the", "sea", "was", "old", "and", "stone", "light", "under", "cloud", "morning"]
SMALL = {"length": 64, "block": 16, "min_count": 1, "batch_size": 4, "window": 4}


def texts(count=60, seed=0):
    rng = np.random.default_rng(seed)
    often = 1 / np.arange(1, len(WORDS) + 1)
    chosen = [rng.choice(WORDS, rng.integers(3, 12), p=often / often.sum()) for _ in range(count)]
    return [" ".join(words).capitalize() + "." for words in chosen]


@pytest.fixture(scope="module")
def whole():
    return WordWindows(texts(), subsample=0, **SMALL).prepare()


def sentences_of(batch):
    """Lists the sentences of all rows as texts of ids."""
    for ids, numbers in zip(batch["token_ids"], batch["sentences"], strict=True):
        for number in range(1, numbers.max() + 1):
            yield tuple(ids[numbers == number])


def test_an_epoch_shows_every_sentence_once(whole):
    ids = [tuple(whole.tokenizer([text])[0].numpy()) for text in texts()]
    rows = np.arange(len(whole._rows) - 1)
    found = [whole.example(tf.constant(i), tf.constant([0, i], tf.int64)) for i in rows]
    batch = {name: np.stack([x[name] for x in found]) for name in found[0]}
    assert sorted(sentences_of(batch)) == sorted(ids)
    mask = batch["padding_mask"]
    np.testing.assert_array_equal(mask, batch["token_ids"] > 0)
    np.testing.assert_array_equal(mask, batch["sentences"] > 0)
    assert mask[:-1].mean() > 0.8


def test_radii_are_uniform_from_one_to_the_window(whole):
    radii = elements(whole, 30)["radius"].ravel()
    counts = np.bincount(radii, minlength=6)
    assert counts[0] == counts[5] == 0
    expected = len(radii) / 4
    assert np.abs(counts[1:5] - expected).max() < STANDARD_ERRORS * np.sqrt(expected)


def test_noise_is_drawn_by_frequency_to_the_power_of_three_quarters(whole):
    noise = elements(whole, 60)["negatives"].ravel()
    share = np.append(0, whole.counts[1:] ** 0.75)
    expected = len(noise) * share / share.sum()
    found = np.bincount(noise, minlength=len(share))
    assert found[0] == 0
    chi_square = ((found - expected)[1:] ** 2 / expected[1:]).sum()
    free = len(share) - 2
    assert chi_square < free + STANDARD_ERRORS * np.sqrt(2 * free)


def test_frequent_words_are_left_out_by_chance_and_rare_ones_stay():
    counts = np.array([0, 900, 90, 10])
    keep = keep_probabilities(counts, 0.01)
    assert_close(keep[1], np.sqrt(0.01 / 0.9) + 0.01 / 0.9, ROUNDING)
    assert keep[3] == 1
    np.testing.assert_array_equal(keep_probabilities(counts, 0), 1)
    data = WordWindows(
        [" ".join(["the sea was the old sea"] * 5) + "."] * 300, subsample=0.1, **SMALL
    )
    data.prepare()
    batch = elements(data, 20)
    found = np.bincount(batch["token_ids"].ravel(), minlength=5)[1:]
    # Rows that fill a batch may be shown twice, so shares are compared.
    expected = (data.counts * keep_probabilities(data.counts, 0.1))[1:]
    margin = STANDARD_ERRORS / np.sqrt(found.sum())
    assert np.abs(found / found.sum() - expected / expected.sum()).max() < margin
    # A sentence whose words are left out closes up: places that follow each other are neighbors.
    assert (np.diff(batch["sentences"], axis=1)[batch["sentences"][:, 1:] > 0] <= 1).all()


def test_a_row_does_not_depend_on_the_others_and_a_seed_settles_it(whole):
    first, again = (elements(whole) for _ in range(2))
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
    assert (elements(whole, seed=1)["negatives"] != first["negatives"]).any()


def test_rare_words_leave_no_gap():
    data = WordWindows(
        ["Sea old sea old. Sea xyz old. Old sea."] * 4, subsample=0, **SMALL | {"min_count": 5}
    )
    data.prepare()
    assert data.tokenizer.vocabulary == ("[PAD]", "old", "sea")
    assert {len(s) for s in sentences_of(elements(data))} == {2, 4}


def test_a_text_becomes_its_known_words(whole):
    batch = whole.encode(["The old tower", "unknown"])
    ids = [whole.tokenizer.find("the"), whole.tokenizer.find("old")]
    np.testing.assert_array_equal(batch["token_ids"], [ids, [0, 0]])
    np.testing.assert_array_equal(batch["padding_mask"], [[1, 1], [0, 0]])
    assert whole.encode(["unknown"])["token_ids"].shape == (1, 1)


def test_ways_lead_to_every_word_and_are_the_shortest():
    counts = np.array([50, 5, 30, 10, 5])
    nodes, signs = huffman_paths(counts)
    ways = {
        tuple(zip(n[s != 0], s[s != 0], strict=True)) for n, s in zip(nodes, signs, strict=True)
    }
    assert len(ways) == 5
    assert all(way[0][0] == nodes[0, 0] for way in ways)
    assert not any(one != other and other[: len(one)] == one for one in ways for other in ways)
    # 50 | 30 | 10 | 5 5
    assert (np.count_nonzero(signs, axis=1) * counts).sum() == 50 + 2 * 30 + 3 * 10 + 4 * 10


def test_a_tree_takes_the_place_of_noise():
    data = WordWindows(texts(), output="hierarchical_softmax", subsample=0, **SMALL).prepare()
    batch = elements(data)
    assert "negatives" not in batch
    way = batch["signs"].reshape(*batch["token_ids"].shape, -1)
    np.testing.assert_array_equal(way.any(axis=-1), batch["token_ids"] > 0)
    assert batch["nodes"].max() < len(data.tokenizer) - 1
    assert data.method_arguments() == {"window": 4, "output": "hierarchical_softmax"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"block": 10}, "block=10"),
        ({"window": 17}, "window=17"),
        ({"subsample": -1}, "subsample=-1"),
        ({"noise_words": 0}, "noise_words=0"),
        ({"output": "softmax"}, "output='softmax'"),
        ({"min_count": 0}, "min_count=0"),
        ({"vocabulary_size": 2}, "vocabulary_size=2"),
    ],
)
def test_wrong_arguments_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        WordWindows(texts(), **SMALL | wrong)


def test_a_text_of_one_word_is_refused():
    with pytest.raises(ValueError, match="fewer than two words"):
        WordWindows(["sea sea sea"], **SMALL).prepare()
