"""T5's spans: sizes of the official code, and the text put together again."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.masks.split_spans import noise_counts, split_spans
from mmssl.pipelines.text import CorruptedSpans
from mmssl.pipelines.text.corrupted_spans import sizes

TEXT = "The quick brown fox jumps over the lazy dog near the old river bank today. " * 12


@pytest.fixture(scope="module")
def pipeline():
    data = CorruptedSpans([TEXT, "a b c"], length=32, vocabulary_size=200, batch_size=4)
    data.prepare()
    return data


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((64, 0.15, 3), (70, 14)),
        ((64, 0.2, 2), (70, 22)),
        ((64, 0.2, 1), (63, 27)),
        ((128, 0.15, 3), (141, 29)),
        ((256, 0.15, 3), (284, 58)),
        ((512, 0.15, 3), (568, 114)),
    ],
)
def test_as_many_tokens_are_taken_as_in_the_official_code(arguments, found):
    assert sizes(*arguments)[:2] == found


@pytest.mark.parametrize("length", [2, 3, 10, 70])
def test_text_and_spans_take_turns_with_exact_counts(length):
    masked, spans = noise_counts(length, 0.15, 3)
    keys = np.stack([np.zeros(300), np.arange(300)], axis=1).astype("int64")
    draw = tf.function(lambda key: split_spans(tf.constant(length), key, 0.15, 3))
    masks = np.array([draw(key) for key in keys])
    assert (masks.sum(axis=1) == masked).all()
    assert not masks[:, 0].any()
    assert masks[:, -1].all()
    assert (np.diff(masks.astype(int), axis=1) == 1).sum(axis=1).tolist() == [spans] * 300


def test_all_ways_to_split_are_equally_likely():
    keys = np.stack([np.ones(3000), np.arange(3000)], axis=1).astype("int64")
    draw = tf.function(lambda key: split_spans(tf.constant(6), key, 0.5, 2))
    masks = tf.map_fn(draw, keys, tf.TensorSpec([6], tf.bool)).numpy()
    _, counts = np.unique(masks, axis=0, return_counts=True)
    # Three tokens on either side in two parts each: 2 x 2 ways, of 750 draws with deviation 24.
    assert len(counts) == 4
    assert np.abs(counts - 750).max() < 120


def test_one_token_is_not_masked():
    assert split_spans(tf.constant(1), [0, 0], 0.5, 1).numpy().tolist() == [False]


def test_each_sentinel_of_the_input_stands_for_its_tokens_in_the_target(pipeline):
    last = pipeline.vocabulary_size + pipeline.sentinels - 1
    for batch in pipeline.batches().take(4):
        for row in range(4):
            given, wanted = (
                batch[ids][row][batch[mask][row] > 0].numpy()
                for ids, mask in (("token_ids", "padding_mask"), ("target_ids", "target_mask"))
            )
            assert given[-1] == wanted[-1] == pipeline.tokenizer.specials.sep
            spans = np.split(wanted[:-1], np.flatnonzero(wanted[:-1] > 199))[1:]
            assert [span[0] for span in spans] == [last - n for n in range(len(spans))]
            replaced = {span[0]: span[1:] for span in spans}
            whole = np.concatenate([replaced.get(token, [token]) for token in given[:-1]])
            text = pipeline.tokenizer.decode(whole.astype(int))
            assert (
                text in pipeline.tokenizer.decode(pipeline.tokenizer([TEXT])[0]) or text == "a b c"
            )


def test_a_prefix_is_followed_by_the_rest_and_shuffled_text_by_itself_in_order():
    make = {"length": 24, "vocabulary_size": 200, "batch_size": 8}
    for objective in ("prefix", "deshuffle"):
        data = CorruptedSpans([TEXT], objective=objective, **make)
        batch = next(iter(data.batches()))
        whole = data.tokenizer([TEXT])[0].numpy().tolist()
        for given, wanted in zip(batch["token_ids"], batch["target_ids"], strict=True):
            given, wanted = (ids[ids > 0][:-1].numpy().tolist() for ids in (given, wanted))
            if objective == "deshuffle":
                assert sorted(given) == sorted(wanted)
                assert given != wanted
                given = []
            size = len(given + wanted)
            assert any(whole[n : n + size] == given + wanted for n in range(len(whole)))


def test_text_is_encoded_with_an_end_and_masks_as_sentinels(pipeline):
    encoded = pipeline.encode(["the [MASK] fox [MASK]", "the"], masks=True)
    ids = encoded["token_ids"].numpy()
    last = pipeline.vocabulary_size + pipeline.sentinels - 1
    assert [i for i in ids[0] if i >= pipeline.vocabulary_size] == [last, last - 1]
    assert (ids[1, 2:] == 0).all()
    assert ids[1, 1] == pipeline.tokenizer.specials.sep
    assert encoded["padding_mask"].numpy().sum(axis=1).tolist() == [np.sum(ids[0] > 0), 2]


def test_the_encoder_gets_room_for_the_sentinels(pipeline):
    assert pipeline.encoder_arguments() == {"vocabulary_size": 300}


@pytest.mark.parametrize(
    "wrong", [{"objective": "copy"}, {"mask_ratio": 1.0}, {"span": 0.5}, {"sentinels": 1}]
)
def test_wrong_arguments_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CorruptedSpans([TEXT], length=64, **wrong)
