"""The text pipeline: from files to BERT's batches, and to the encoder's inputs."""

import json

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.text import SentencePairs
from mmssl.pipelines.text.tokenizer import CLS, MASK, PAD, SEP
from tests.pipelines.elements import elements, same
from tests.tolerances import ROUNDING, assert_close

WORDS = ["river", "stone", "light", "walking", "cloud", "under", "ever", "morning", "tree", "sea"]
WORDS += ["letter", "house", "wind", "old"]


def document(seed, sentences=40):
    """Sentences of 3 to 11 words; every third document names special tokens."""
    rng = np.random.default_rng(seed)
    lines = [
        " ".join(rng.choice(WORDS, rng.integers(3, 12))).capitalize() for _ in range(sentences)
    ]
    if seed % 3 == 0:
        lines[1] = "It says [MASK] and [SEP] and [PAD] here"
    return ". ".join(lines[:20]) + ".\n\n" + ". ".join(lines[20:]) + ".\n"


DOCUMENTS = [document(seed) for seed in range(12)]
SMALL = {"length": 32, "vocabulary_size": 200, "max_predictions": 6, "batch_size": 16}


@pytest.fixture(scope="module")
def pipeline():
    made = SentencePairs(DOCUMENTS, **SMALL)
    made.prepare()
    return made


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """A folder of twelve texts."""
    folder = tmp_path_factory.mktemp("books")
    for number, text in enumerate(DOCUMENTS):
        (folder / f"book_{number:02d}.txt").write_text(text, encoding="utf-8")
    return folder


def test_a_batch_holds_what_the_method_takes(pipeline):
    specs = pipeline.batches().element_spec
    shapes = {name: (tuple(spec.shape), spec.dtype.name) for name, spec in specs.items()}
    assert shapes == {
        "token_ids": ((16, 32), "int32"),
        "padding_mask": ((16, 32), "int32"),
        "masked_positions": ((16, 6), "int32"),
        "masked_ids": ((16, 6), "int32"),
        "masked_weights": ((16, 6), "float32"),
        "next_is_random": ((16,), "int32"),
    }


def test_a_row_reads_cls_a_sep_b_sep_and_padding(pipeline):
    batch = elements(pipeline, 20)
    ids, mask = batch["token_ids"].copy(), batch["padding_mask"]
    rows, slots = np.nonzero(batch["masked_weights"])
    ids[rows, batch["masked_positions"][rows, slots]] = batch["masked_ids"][rows, slots]
    np.testing.assert_array_equal(mask, ids != PAD)
    assert np.all(np.diff(mask, axis=1) <= 0)
    assert np.all(ids[:, 0] == CLS)
    assert np.all((ids == CLS).sum(axis=1) == 1)
    assert np.all((ids == SEP).sum(axis=1) == 2)
    ends = mask.sum(axis=1) - 1
    assert np.all(ids[np.arange(len(ids)), ends] == SEP)
    assert MASK not in ids


def test_an_epoch_starts_once_at_every_place(pipeline):
    assert len(pipeline) == pipeline.count // 16
    lone = SentencePairs(DOCUMENTS, **SMALL | {"batch_size": 1}, next_sentence=False)
    lone.prepare()
    lone.example = lambda index, key: {"index": index}
    shown = elements(lone, batches=len(lone))["index"]
    np.testing.assert_array_equal(np.sort(shown), np.arange(lone.count))


def test_starting_at_a_step_equals_skipping_the_steps_before(pipeline):
    late = len(pipeline) - 1  # goes over into the second epoch
    skipped = list(pipeline.batches(seed=4).skip(late).take(3).as_numpy_iterator())
    started = list(pipeline.batches(start_step=late, seed=4).take(3).as_numpy_iterator())
    assert all(same(one, other) for one, other in zip(skipped, started, strict=True))


def test_neither_parallel_calls_nor_a_second_run_change_the_stream(pipeline):
    alone = SentencePairs(DOCUMENTS, **SMALL, num_parallel_calls=1)
    assert same(elements(alone, seed=1), elements(pipeline, seed=1))
    assert not same(elements(pipeline, seed=1), elements(pipeline, seed=2))


def test_an_element_does_not_depend_on_the_batch_size(pipeline):
    wide = SentencePairs(DOCUMENTS, **SMALL | {"batch_size": 32})
    assert same(elements(wide, 1), elements(pipeline, 2))


def test_single_segments_have_no_second_part_and_no_label():
    single = SentencePairs(DOCUMENTS[:1], **SMALL | {"batch_size": 8}, next_sentence=False)
    batch = elements(single)
    assert "next_is_random" not in batch
    assert np.all((batch["token_ids"] == SEP).sum(axis=1) <= 2)
    ids = batch["token_ids"][batch["masked_weights"].sum(axis=1) > 0]
    assert np.all(ids[:, 0] == CLS)


def test_whole_words_reach_the_batch():
    words = SentencePairs(DOCUMENTS, **SMALL | {"vocabulary_size": 90}, whole_words=True)
    batch = elements(words)
    assert same(batch, elements(words))
    # Hidden whole words of several pieces show as neighboring positions.
    assert np.any(np.diff(batch["masked_positions"], axis=1) == 1)


def test_files_rows_and_tables_give_the_same_elements(books, tmp_path, pipeline):
    table = tmp_path / "texts.jsonl"
    table.write_text("".join(json.dumps({"text": text}) + "\n" for text in DOCUMENTS))
    expected = elements(pipeline, 1)
    assert same(elements(SentencePairs(str(books), **SMALL), 1), expected)
    assert same(elements(SentencePairs(str(table), **SMALL), 1), expected)


def test_a_limit_leaves_further_documents_out_of_text_and_vocabulary(pipeline):
    more = [*DOCUMENTS, "Zebras zoom. They zigzag."]
    limited = SentencePairs(more, **SMALL, limit=len(DOCUMENTS))
    assert same(elements(limited, 1), elements(pipeline, 1))
    assert limited.tokenizer.vocabulary == pipeline.tokenizer.vocabulary


def test_code_is_text_too(tmp_path):
    for name in ("one.py", "two.py", "notes.md"):
        (tmp_path / name).write_text("def f(x):\n    return x + 1\n" * 30)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    code = SentencePairs(str(tmp_path), **SMALL)
    code.prepare()
    assert code.items.names == ["notes.md", "one.py", "two.py"]


def test_the_vocabulary_is_kept_in_the_run_folder_and_read_back(books, tmp_path):
    first = SentencePairs(str(books), **SMALL)
    first.prepare(tmp_path)
    kept = (tmp_path / "vocabulary.txt").read_bytes()
    assert kept.count(b"\n") == len(first.tokenizer)
    # A run keeps its vocabulary, even where its source has changed.
    again = SentencePairs([text.replace("old", "zebra") for text in DOCUMENTS], **SMALL)
    again.prepare(tmp_path, data_changed="accept")
    assert again.tokenizer.vocabulary == first.tokenizer.vocabulary
    assert (tmp_path / "vocabulary.txt").read_bytes() == kept


def test_a_kept_vocabulary_larger_than_asked_for_is_refused(pipeline, tmp_path):
    pipeline.tokenizer.write(tmp_path)
    with pytest.raises(ValueError, match=r"stored in .* tokens, more than vocabulary_size=50"):
        SentencePairs(DOCUMENTS, **SMALL | {"vocabulary_size": 50}).restore(tmp_path)


def test_examples_learn_the_vocabulary_when_nothing_was_prepared(pipeline):
    fresh = SentencePairs(DOCUMENTS, **SMALL)
    one, other = (next(iter(p.examples(["river"]))) for p in (fresh, pipeline))
    np.testing.assert_array_equal(one["token_ids"], other["token_ids"])


def test_the_encoder_learns_its_sizes_from_the_data(pipeline):
    assert pipeline.encoder_arguments() == {"vocabulary_size": 200, "length": 32}


def test_token_frequencies_count_the_source(pipeline):
    frequencies = pipeline.token_frequencies()
    assert frequencies.shape == (200,)
    assert_close(frequencies.sum(), 1, ROUNDING)
    assert not frequencies[:5].any()
    total = pipeline._corpus.tokens.shape[0]
    seas = sum(text.lower().count("sea") for text in DOCUMENTS)
    assert_close(frequencies[pipeline.tokenizer.vocabulary.index("sea")] * total, seas, ROUNDING)


def test_a_restored_pipeline_reads_examples_without_its_source(books, tmp_path):
    trained = SentencePairs(str(books), **SMALL)
    trained.prepare(tmp_path)
    restored = SentencePairs("/nowhere", **SMALL)
    restored.restore(tmp_path)
    texts = ["Old river stone", "morning"]
    one, other = (next(iter(p.examples(texts))) for p in (trained, restored))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert restored.encoder_arguments() == trained.encoder_arguments()


def test_examples_are_in_order_framed_cut_and_padded(pipeline):
    texts = ["stone", "river light " * 40, "old sea"]
    batches = list(pipeline.examples(texts, batch_size=2).as_numpy_iterator())
    assert [batch["token_ids"].shape for batch in batches] == [(2, 32), (1, 4)]
    word = {w: pipeline.tokenizer.vocabulary.index(w) for w in ("stone", "river", "old", "sea")}
    np.testing.assert_array_equal(batches[0]["token_ids"][0, :4], [CLS, word["stone"], SEP, PAD])
    np.testing.assert_array_equal(batches[0]["padding_mask"].sum(axis=1), [3, 32])
    assert batches[0]["token_ids"][1, 1] == word["river"]
    assert batches[0]["token_ids"][1, -1] == SEP
    np.testing.assert_array_equal(batches[1]["token_ids"], [[CLS, word["old"], word["sea"], SEP]])
    assert batches[1]["token_ids"].dtype == batches[1]["padding_mask"].dtype == np.int32


def test_examples_can_be_cut_shorter_and_padded_to_one_length(pipeline):
    texts = ["stone", "river light " * 40]
    (batch,) = pipeline.examples(texts, max_length=8, pad=True).as_numpy_iterator()
    assert batch["token_ids"].shape == batch["padding_mask"].shape == (2, 8)
    assert pipeline.examples(texts, max_length=8, pad=True).element_spec["token_ids"].shape[1] == 8
    (short,) = pipeline.examples(texts[:1], max_length=8).as_numpy_iterator()
    np.testing.assert_array_equal(short["token_ids"], batch["token_ids"][:1, :3])
    with pytest.raises(ValueError, match="max_length=33 must lie between 2 and length=32"):
        pipeline.examples(texts, max_length=33)


def test_one_input_equals_its_row_in_a_batch(pipeline):
    text = "river light walking"
    one = pipeline.inputs(pipeline.decode(tf.constant(text)))
    (batch,) = pipeline.examples([text]).as_numpy_iterator()
    np.testing.assert_array_equal(one["token_ids"], batch["token_ids"][0])
    np.testing.assert_array_equal(one["padding_mask"], batch["padding_mask"][0])


def test_a_mask_in_a_text_counts_only_where_it_is_asked_for(pipeline):
    texts = tf.constant(["old [MASK] stone"])
    assert MASK not in pipeline.encode(texts)["token_ids"].numpy()
    asked = pipeline.encode(texts, masks=True)["token_ids"].numpy()
    assert (asked == MASK).sum() == 1
    assert asked.shape == (1, 5)


def test_a_preview_is_the_text(pipeline):
    assert pipeline.preview(pipeline.open(["Old Stone", "x"]), 0) == "Old Stone"


def test_unreadable_and_empty_files_are_skipped_and_named(books, tmp_path):
    for file in books.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "latin.txt").write_bytes("un caf\xe9 noir".encode("latin-1"))
    (tmp_path / "nothing.txt").write_text(" \n")
    (tmp_path / "marked.txt").write_bytes(b"\xef\xbb\xbf" + DOCUMENTS[0].encode())
    made = SentencePairs(str(tmp_path), **SMALL, skip_ratio=0.2)
    made.prepare()
    (latin, why_latin), (nothing, why_nothing) = made.skipped
    assert (latin, nothing) == ("latin.txt", "nothing.txt")
    assert "it is not UTF-8 text" in why_latin
    assert "it has no text" in why_nothing
    with pytest.raises(ValueError, match=r"1 of 15 items .*latin\.txt .*not UTF-8 text"):
        SentencePairs(str(tmp_path), **SMALL, skip_ratio=0.0).prepare()


def test_one_document_cannot_make_pairs(books):
    with pytest.raises(ValueError, match=r"only one document \(book_00.txt\).*next_sentence=False"):
        SentencePairs(str(books / "book_00.txt"), **SMALL).prepare()


def test_documents_of_one_sentence_cannot_make_pairs():
    lines = [" ".join(WORDS[i:] + WORDS[:i]) for i in range(len(WORDS))] * 3
    with pytest.raises(ValueError, match=r"single sentence.*next_sentence=False"):
        SentencePairs(lines, **SMALL).prepare()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"length": 7}, "length=7 must be 8 or more"),
        ({"mask_ratio": 0.0}, "mask_ratio=0.0 must be above 0 and below 1"),
        ({"max_predictions": 0}, "max_predictions=0 must lie between 1 and length=128"),
        ({"max_predictions": 129}, "max_predictions=129 must lie between 1 and length=128"),
        ({"short_probability": 1.5}, "short_probability=1.5 must lie between 0 and 1"),
        ({"batch_size": 0}, "batch_size=0 must be 1 or more"),
    ],
)
def test_settings_out_of_range_are_refused_at_once(setting, message):
    with pytest.raises(ValueError, match=message):
        SentencePairs(**setting)


def test_the_built_in_documents_make_pairs():
    batch = elements(SentencePairs(), 2)
    assert batch["token_ids"].shape == (64, 128)
    assert batch["padding_mask"].mean() > 0.8
