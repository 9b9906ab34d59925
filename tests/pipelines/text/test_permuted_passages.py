"""XLNet's targets and their order: exact counts, any order, and what is never a target."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.masks.scattered import scattered_spans
from mmssl.pipelines.text import PermutedPassages

TEXT = "The quick brown fox jumps over the lazy dog near the old river bank today. " * 12


@pytest.fixture(scope="module")
def pipeline():
    data = PermutedPassages(
        [TEXT, "a b c d e f g h"], length=26, vocabulary_size=200, batch_size=8, memory=5
    )
    return data.prepare()


def batches(pipeline, count=4):
    for batch in pipeline.batches().take(count):
        yield {name: x.numpy() for name, x in batch.items()}


def test_a_sixth_of_the_text_is_predicted_and_never_its_ends(pipeline):
    for batch in batches(pipeline):
        for row in range(8):
            size = batch["padding_mask"][row].sum()
            targets = np.flatnonzero(batch["order"][row] >= 0)
            assert len(targets) == max(1, round((size - 2) / 6))
            assert targets[0] > 0
            assert targets[-1] < size - 1


def test_targets_are_listed_with_their_tokens_and_each_has_a_place_of_its_own(pipeline):
    orders = set()
    for batch in batches(pipeline):
        for row in range(8):
            targets = np.flatnonzero(batch["order"][row] >= 0)
            filled = batch["target_weights"][row] > 0
            np.testing.assert_array_equal(batch["target_positions"][row][filled], targets)
            np.testing.assert_array_equal(
                batch["target_ids"][row][filled], batch["token_ids"][row][targets]
            )
            places = batch["order"][row][targets]
            assert sorted(places) == list(range(len(targets)))
            orders.add(tuple(places))
    assert len({order for order in orders if len(order) == 4}) > 10  # of 24


def test_the_memory_is_what_stands_before(pipeline):
    whole = pipeline.tokenizer([TEXT])[0].numpy().tolist()
    seen = 0
    for batch in batches(pipeline):
        for row in range(8):
            before = batch["memory_ids"][row][batch["memory_mask"][row] > 0].tolist()
            text = batch["token_ids"][row][1 : batch["padding_mask"][row].sum() - 1].tolist()
            both = before + text
            if before:
                seen += 1
                assert any(whole[n : n + len(both)] == both for n in range(len(whole)))
            # Padded in front, so that it ends where the text begins.
            assert (np.diff(batch["memory_mask"][row]) >= 0).all()
    assert seen > 8


def test_spans_cover_the_budget_anywhere():
    keys = np.stack([np.ones(400), np.arange(400)], axis=1).astype("int64")
    draw = tf.function(lambda key: scattered_spans(20, 7, tf.constant([3, 1, 5, 5]), key))
    masks = np.array([draw(key).numpy() for key in keys])
    assert (masks.sum(axis=1) == 7).all()
    share = masks.mean(axis=0)
    # Three spans among 13 others: each end is one of 16.
    assert share[[0, -1]] == pytest.approx(3 / 16, abs=0.06)
    assert share[1:-1].min() > 0.2


@pytest.mark.parametrize("wrong", [{"predict_every": 1.0}, {"memory": -1}])
def test_wrong_arguments_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PermutedPassages([TEXT], **wrong)
