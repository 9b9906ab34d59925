"""BERT's masking: how many tokens, which, and what becomes of them."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.text.masking import _take_while_room, mask_tokens
from mmssl.pipelines.text.tokenizer import CLS, MASK, PAD, SEP, Tokenizer
from tests.tolerances import share_margin

VOCABULARY = 50
LENGTH = 64


def texts(rows, seed=0, low=5):
    """Random [CLS] A [SEP] B [SEP] of many lengths, int32 (rows, LENGTH)."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(low, VOCABULARY, (rows, LENGTH), np.int32)
    used = rng.integers(4, LENGTH + 1, rows)
    middle = rng.integers(2, used - 1)
    place = np.arange(LENGTH)
    ids[:, 0] = CLS
    ids[(place == middle[:, None]) | (place == used[:, None] - 1)] = SEP
    ids[place >= used[:, None]] = PAD
    return ids


def masked(ids, calls=None, **kwargs):
    def mask(number, row):
        key = tf.stack([tf.constant(3, tf.int64), number])
        return mask_tokens(
            tf.ensure_shape(row, [LENGTH]), key, VOCABULARY, Tokenizer.specials, **kwargs
        )

    rows = tf.data.Dataset.from_tensor_slices(ids).enumerate()
    batches = rows.map(mask, calls or tf.data.AUTOTUNE, deterministic=True).batch(len(ids))
    return {name: value.numpy() for name, value in next(iter(batches)).items()}


def chosen_places(batch):
    """Bool (rows, LENGTH): whether a token is to be predicted."""
    chosen = np.zeros(batch["token_ids"].shape, bool)
    rows, slots = np.nonzero(batch["masked_weights"])
    chosen[rows, batch["masked_positions"][rows, slots]] = True
    return chosen


@pytest.fixture(scope="module")
def many():
    """24,000 rows, more than 1e5 chosen tokens."""
    ids = texts(24_000)
    return ids, masked(ids, max_predictions=8)


def test_each_row_hides_as_many_tokens_as_the_formula_says(many):
    ids, batch = many
    lengths = (ids != PAD).sum(axis=1)
    expected = [min(8, max(1, round(0.15 * int(n)))) for n in lengths]
    np.testing.assert_array_equal(batch["masked_weights"].sum(axis=1), expected)


def test_of_the_chosen_tokens_80_percent_are_masked_10_kept_and_10_random(many):
    ids, batch = many
    chosen = chosen_places(batch)
    before, after = ids[chosen], batch["token_ids"][chosen]
    assert len(before) > 100_000
    # A random id may be [MASK], or the original one.
    chance = 0.1 / VOCABULARY
    for became, share in (
        (after == MASK, 0.8 + chance),
        (after == before, 0.1 + chance),
        ((after != MASK) & (after != before), 0.1 - 2 * chance),
    ):
        assert abs(became.mean() - share) < share_margin(share, became.size)


def test_random_ids_are_uniform_over_the_whole_vocabulary(many):
    ids, batch = many
    chosen = chosen_places(batch)
    replaced = chosen & (batch["token_ids"] != MASK) & (batch["token_ids"] != ids)
    counts = np.bincount(batch["token_ids"][replaced], minlength=VOCABULARY)
    # Specials are never original ids here, so they show the plain share; the others lack the
    # draws that hit the original.
    expected = chosen.sum() * 0.1 / VOCABULARY
    assert np.all(np.abs(np.delete(counts, MASK) - expected) < 6 * np.sqrt(expected))
    assert len(counts) == VOCABULARY


def test_specials_and_padding_are_never_chosen(many):
    ids, batch = many
    assert not np.isin(ids[chosen_places(batch)], [PAD, CLS, SEP]).any()


def test_every_token_is_chosen_equally_often():
    ids = np.full((8000, LENGTH), 7, np.int32)
    ids[:, 0], ids[:, -1] = CLS, SEP
    share = chosen_places(masked(ids)).mean(axis=0)[1:-1]
    expected = round(0.15 * LENGTH) / (LENGTH - 2)
    assert np.all(np.abs(share - expected) < 5 * np.sqrt(expected * (1 - expected) / 8000))


def test_tokens_that_are_not_chosen_stay(many):
    ids, batch = many
    rest = ~chosen_places(batch)
    np.testing.assert_array_equal(batch["token_ids"][rest], ids[rest])


def test_targets_are_the_original_ids_at_rising_positions(many):
    ids, batch = many
    filled = batch["masked_weights"] == 1
    original = np.take_along_axis(ids, batch["masked_positions"], axis=1)
    np.testing.assert_array_equal(batch["masked_ids"][filled], original[filled])
    steps = np.diff(batch["masked_positions"], axis=1)
    assert np.all(steps[filled[:, 1:]] > 0)


def test_slots_beyond_the_chosen_tokens_hold_zeros(many):
    _, batch = many
    empty = batch["masked_weights"] == 0
    assert empty.any()
    assert not batch["masked_positions"][empty].any()
    assert not batch["masked_ids"][empty].any()
    assert set(np.unique(batch["masked_weights"])) == {0, 1}


def test_a_text_without_tokens_hides_nothing():
    ids = np.zeros((1, LENGTH), np.int32)
    ids[0, :2] = CLS, SEP
    batch = masked(ids)
    np.testing.assert_array_equal(batch["token_ids"], ids)
    assert batch["masked_weights"].sum() == 0


def test_masks_depend_on_the_key_alone():
    ids = texts(200)
    one, other = masked(ids, calls=1), masked(ids, calls=4)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])
    # The same text under another number is masked anew.
    same = masked(np.repeat(ids[:1], 2, axis=0), mask_ratio=0.5)
    assert np.any(same["token_ids"][0] != same["token_ids"][1])


# Ids 30 and above continue a word.
CONTINUES = np.arange(VOCABULARY) >= 30


@pytest.fixture(scope="module")
def in_words():
    ids = texts(4000, seed=1)
    return ids, masked(ids, continues=tf.constant(CONTINUES), max_predictions=20)


def words_of(ids):
    """Splits one row into lists of positions, a word each."""
    words, inside = [], False
    for place, token in enumerate(ids):
        if token in (PAD, CLS, SEP):
            inside = False
        elif inside and CONTINUES[token]:
            words[-1].append(place)
        else:
            words.append([place])
            inside = True
    return words


def test_all_pieces_of_a_word_are_chosen_together(in_words):
    for ids, chosen in zip(in_words[0], chosen_places(in_words[1]), strict=True):
        assert all(len(set(chosen[word])) == 1 for word in words_of(ids))


def test_no_further_word_would_have_fitted(in_words):
    for ids, chosen in zip(in_words[0], chosen_places(in_words[1]), strict=True):
        left = min(20, max(1, round(0.15 * int((ids != PAD).sum())))) - chosen.sum()
        assert left >= 0
        assert all(chosen[word[0]] or len(word) > left for word in words_of(ids))


def test_words_are_taken_in_order_leaving_out_those_that_do_not_fit():
    rng = np.random.default_rng(0)
    for room in range(1, 20):
        sizes = rng.integers(0, 7, 30)
        taken, left = [], room
        for size in sizes:
            taken.append(0 < size <= left)
            left -= size * taken[-1]
        result = _take_while_room(tf.constant(sizes), room)
        np.testing.assert_array_equal(result, taken)
