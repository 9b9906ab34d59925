"""Blocks of running text: what they hold, where they begin, and windows that count once."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.text import TokenBlocks
from mmssl.pipelines.text.byte_pairs import END, PAD
from tests.pipelines.elements import elements, same
from tests.tolerances import share_margin

WORDS = ["river", "stone", "light", "walking", "cloud", "under", "ever", "morning", "sea", "old"]


def document(seed, words=120):
    rng = np.random.default_rng(seed)
    return " ".join(rng.choice(WORDS, words)) + "."


DOCUMENTS = [document(seed) for seed in range(6)]
SMALL = {"length": 16, "vocabulary_size": 290, "batch_size": 8}


@pytest.fixture(scope="module")
def pipeline():
    made = TokenBlocks(DOCUMENTS, **SMALL)
    made.prepare()
    return made


def occurs(row, tokens):
    return any(np.array_equal(row, tokens[i : i + len(row)]) for i in range(len(tokens)))


def test_a_batch_holds_blocks_one_token_longer_than_the_inputs(pipeline):
    specs = pipeline.batches().element_spec
    shapes = {name: (tuple(spec.shape), spec.dtype.name) for name, spec in specs.items()}
    assert shapes == {name: ((8, 17), "int32") for name in ("token_ids", "padding_mask")}
    assert elements(pipeline)["padding_mask"].all()


def test_documents_lie_end_to_end_parted_by_end_of_text(pipeline):
    tokens = pipeline._tokens.numpy()
    parts = np.split(tokens, np.flatnonzero(tokens == END))
    assert parts[0].size == 0
    assert [pipeline.tokenizer.decode(part) for part in parts[1:]] == [*DOCUMENTS, ""]
    assert pipeline.characters == sum(map(len, DOCUMENTS))


def test_every_block_is_a_stretch_of_the_text_whose_end_is_joined_to_its_beginning(pipeline):
    tokens = pipeline._tokens.numpy()
    tokens = np.concatenate([tokens, tokens[1:17]])
    assert all(occurs(row, tokens) for row in elements(pipeline)["token_ids"])


def test_every_place_begins_a_block_and_an_epoch_shows_no_token_twice():
    data = TokenBlocks([document(0, words=30)], **SMALL | {"batch_size": 1})
    data.prepare()
    ring = data._tokens.shape[0] - 1
    # Number the tokens, to see which of them a block predicts.
    data._tokens = tf.Variable(tf.range(data._tokens.shape[0]))
    targets = elements(data, batches=150 * len(data))["token_ids"][:, 1:] % ring
    epochs = targets.reshape(150, -1)
    assert all(len(set(epoch)) == data.count * 16 for epoch in epochs)
    assert ring - data.count * 16 < 16
    assert set(targets[:, 0]) == set(range(ring))
    shown = np.bincount(epochs.ravel(), minlength=ring) / 150
    share = data.count * 16 / ring
    assert np.all(np.abs(shown - share) < share_margin(share, 150))


def test_starting_at_a_step_equals_skipping_the_steps_before(pipeline):
    late = len(pipeline) - 1  # goes over into the second epoch
    skipped = list(pipeline.batches(seed=4).skip(late).take(3).as_numpy_iterator())
    started = list(pipeline.batches(start_step=late, seed=4).take(3).as_numpy_iterator())
    assert all(same(one, other) for one, other in zip(skipped, started, strict=True))


def test_neither_parallel_calls_nor_a_second_run_change_the_stream(pipeline):
    alone = TokenBlocks(DOCUMENTS, **SMALL, num_parallel_calls=1)
    assert same(elements(alone, seed=1), elements(pipeline, seed=1))
    assert not same(elements(pipeline, seed=1), elements(pipeline, seed=2))


def test_a_source_shorter_than_a_block_is_padded():
    batch = elements(TokenBlocks(["sea"], **SMALL), 1)
    row, mask = batch["token_ids"][0], batch["padding_mask"][0]
    assert row[0] == END
    assert row[mask.sum() - 1] == END
    assert np.all((row == PAD) == (mask == 0))
    assert np.all(batch["token_ids"] == row)


def test_the_encoder_is_told_sizes_and_whether_documents_are_parted(pipeline):
    sizes = {"vocabulary_size": 290, "length": 16}
    assert pipeline.encoder_arguments() == {**sizes, "separator": None}
    parted = TokenBlocks(DOCUMENTS, **SMALL, cross_documents=False)
    assert parted.encoder_arguments() == {**sizes, "separator": END}


@pytest.mark.parametrize("stride", [None, 16, 5, 1])
def test_in_windows_every_token_counts_once_with_its_context(stride):
    lengths = [1, 15, 16, 17, 40, 3]
    data = TokenBlocks(["x" * n for n in lengths], **SMALL | {"vocabulary_size": 258})
    data.prepare()
    # Number the tokens, to see which of them count.
    data._tokens = tf.Variable(tf.range(data._tokens.shape[0]))
    rows = {name: [] for name in ("token_ids", "padding_mask", "weights")}
    for batch in data.windows(stride, batch_size=4):
        for name, value in batch.items():
            rows[name].extend(value)
    counted = [
        place
        for ids, weights in zip(rows["token_ids"], rows["weights"], strict=True)
        for place in ids[1:][weights > 0]
    ]
    ends = np.cumsum([0, *(n + 1 for n in lengths)])
    inner = [p for begin, end in itertools.pairwise(ends) for p in range(begin, end)]
    assert sorted(counted) == sorted(set(inner) - set(ends))
    for ids, mask, weights in zip(*rows.values(), strict=True):
        first = np.flatnonzero(weights)[0] + 1
        context = ids[first] - ids[0]
        begin = ends[np.searchsorted(ends, ids[first], side="right") - 1]
        assert context >= min(ids[first] - begin, 16 - (stride or 8))
        assert np.all(weights <= mask[1:])


def test_texts_are_encoded_without_special_tokens_cut_and_padded(pipeline):
    texts = ["stone", "river light " * 40, "old sea"]
    batches = list(pipeline.examples(texts, batch_size=2).as_numpy_iterator())
    expected = pipeline.tokenizer.ids(texts)
    np.testing.assert_array_equal(batches[0]["token_ids"][1], expected[1][:16])
    kept = len(expected[0])
    np.testing.assert_array_equal(batches[0]["token_ids"][0], [*expected[0], *[PAD] * (16 - kept)])
    np.testing.assert_array_equal(batches[0]["padding_mask"].sum(axis=1), [kept, 16])
    np.testing.assert_array_equal(batches[1]["token_ids"][0], expected[2])
    assert batches[1]["token_ids"].dtype == batches[1]["padding_mask"].dtype == np.int32


def test_the_vocabulary_is_kept_in_the_run_folder_and_read_back(tmp_path, pipeline):
    TokenBlocks(DOCUMENTS, **SMALL).prepare(tmp_path)
    kept = (tmp_path / "vocabulary.json").read_bytes()
    again = TokenBlocks([text.replace("old", "zebra") for text in DOCUMENTS], **SMALL)
    again.prepare(tmp_path, data_changed="accept")
    assert again.tokenizer.vocabulary == pipeline.tokenizer.vocabulary
    assert (tmp_path / "vocabulary.json").read_bytes() == kept
    restored = TokenBlocks("/nowhere", **SMALL)
    restored.restore(tmp_path)
    one, other = (next(iter(p.examples(["old sea"]))) for p in (restored, pipeline))
    np.testing.assert_array_equal(one["token_ids"], other["token_ids"])


def test_a_limit_leaves_further_documents_out_of_text_and_vocabulary(pipeline):
    limited = TokenBlocks([*DOCUMENTS, "zebras zoom"], **SMALL, limit=len(DOCUMENTS))
    assert same(elements(limited, 1), elements(pipeline, 1))
    assert limited.tokenizer.vocabulary == pipeline.tokenizer.vocabulary


def test_held_out_texts_are_read_with_the_learned_vocabulary(pipeline):
    other = pipeline.on(["zebra zebra zebra"])
    other.prepare()
    assert other.tokenizer is pipeline.tokenizer
    assert other.characters == 17


def test_any_characters_are_taken_by_their_bytes():
    batch = elements(TokenBlocks(["東京 ж 🙂\x00\u2028"] * 3, **SMALL), 1)
    assert batch["token_ids"].max() < 290


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"length": 1}, "length=1 must be 2 or more"),
        ({"batch_size": 0}, "batch_size=0 must be 1 or more"),
    ],
)
def test_settings_out_of_range_are_refused_at_once(setting, message):
    with pytest.raises(ValueError, match=message):
        TokenBlocks(**setting)


def test_a_vocabulary_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match="must be 258 or more"):
        TokenBlocks(DOCUMENTS, vocabulary_size=100).prepare()
