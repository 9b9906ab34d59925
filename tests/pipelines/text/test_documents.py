"""Texts of any encoding and length: read rightly, or skipped and named."""

import json

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.sources.arrays import held
from mmssl.pipelines.text import Passages, TokenBlocks, corpus, documents, passages, token_blocks
from mmssl.pipelines.text.tokenizer import UNK

TEXT = "The stone morning walked over the river and the garden. " * 20
SMALL = {"length": 64, "vocabulary_size": 300, "batch_size": 2}
SAME = {
    "bom": b"\xef\xbb\xbf" + TEXT.encode(),
    "crlf": TEXT.replace(". ", ".\r\n").encode(),
    "nul": TEXT.replace("stone ", "stone\0", 3).encode(),
    "separators": TEXT.replace(". ", ".\u2028").replace("over ", "over\u00a0").encode(),
    "controls": TEXT.replace("stone ", "stone\x01").replace("river ", "river\u200b").encode(),
}
SKIPPED = {
    "binary": (bytes(range(256)) * 9, "not UTF-8"),
    "latin": (b"caf\xe9 " + TEXT.encode(), "not UTF-8"),
    "surrogate": (b"half \xed\xa0\xbd of a pair", "not UTF-8"),
    "utf16": (TEXT.encode("utf-16"), "not UTF-8"),
    "utf16_without_mark": (TEXT.encode("utf-16-le"), "UTF-16"),
    "utf32": (TEXT.encode("utf-32-be"), "UTF-16"),
    "nothing": (b"", "no text"),
    "zero_width": ("\u200b\ufeff\n\u0301".encode(), "no text"),
    "nuls": (b"\0" * 99, "UTF-16"),
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """Passages of a folder with a text in many forms."""
    folder = tmp_path_factory.mktemp("texts")
    (folder / "plain.txt").write_text(TEXT)
    for name, raw in {**SAME, **{name: raw for name, (raw, _) in SKIPPED.items()}}.items():
        (folder / f"{name}.txt").write_bytes(raw)
    return Passages(str(folder), **SMALL, skip_ratio=1.0).prepare()


def test_marks_line_ends_and_control_characters_change_no_token(pipeline):
    (batch,) = pipeline.examples(pipeline.items).as_numpy_iterator()
    rows = dict(zip(pipeline.items.names, batch["token_ids"], strict=True))
    assert rows.keys() == {"plain.txt", *(f"{name}.txt" for name in SAME)}
    assert all(np.array_equal(row, rows["plain.txt"]) for row in rows.values())


def test_what_is_no_text_is_skipped_and_named_with_its_reason(pipeline):
    skipped = dict(pipeline.skipped)
    assert skipped.keys() == {f"{name}.txt" for name in SKIPPED}
    for name, (_, reason) in SKIPPED.items():
        assert reason in skipped[f"{name}.txt"]


def test_nothing_behind_a_nul_is_lost_to_byte_pairs():
    data = TokenBlocks(["river\0stone"], **SMALL).prepare()
    assert data.tokenizer.decode(data._tokens) == "river stone"


@pytest.mark.parametrize("build", [Passages, TokenBlocks])
def test_null_in_a_table_is_not_trained_on(build, tmp_path):
    table = tmp_path / "texts.jsonl"
    rows = [TEXT, None, "", TEXT, 5, ["a"]]
    table.write_text("".join(json.dumps({"text": row}) + "\n" for row in rows))
    data = build(str(table), **SMALL).prepare()
    assert data.items.names == ["line 1", "line 4"]
    assert list(data._texts()) == [TEXT, TEXT]


@pytest.mark.parametrize("build", [Passages, TokenBlocks])
@pytest.mark.parametrize(
    "text", ["x" * 40_000, "ACGT" * 9_000, "天地" * 9_000 + " " * 20_000 + "x"]
)
def test_a_word_or_a_line_of_any_length_is_learned_and_encoded(build, text):
    data = build([TEXT, text], **SMALL | {"vocabulary_size": 400}).prepare()
    tokens = (data._corpus.tokens if build is Passages else data._tokens).numpy()
    assert build is TokenBlocks or UNK not in tokens
    found = data.tokenizer.decode(tokens).lower().replace(" ", "")
    assert found.endswith(text.lower().replace(" ", ""))
    (batch,) = data.examples([text]).as_numpy_iterator()
    whole = data.encode(tf.constant([text]))
    np.testing.assert_array_equal(batch["token_ids"], whole["token_ids"])


@pytest.fixture
def shelf(tmp_path):
    """A folder of three texts that no other test has prepared."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.txt").write_text(TEXT.replace("stone", f"stone{i}"))
    return folder


@pytest.fixture
def made(monkeypatch):
    """Names of what is learned or tokenized, as often as it is."""
    names = []

    def count(module, name):
        original = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given: (names.append(name), original(*given))[1])

    for module, name in (
        (passages, "learn_vocabulary"),
        (documents, "tokenize"),
        (token_blocks, "learn_byte_pairs"),
        (TokenBlocks, "_lay_out"),
    ):
        count(module, name)
    return names


OTHER = {Passages: {"lowercase": False}, TokenBlocks: {"vocabulary_size": 270}}
BOTH = {Passages: ["learn_vocabulary", "tokenize"], TokenBlocks: ["learn_byte_pairs", "_lay_out"]}


@pytest.mark.parametrize("build", BOTH)
def test_what_was_tokenized_once_is_read_back_until_the_files_or_the_vocabulary_change(
    build, shelf, made
):
    first = build(str(shelf), **SMALL).prepare()
    assert made == BOTH[build]
    second = build(str(shelf), **SMALL).prepare()
    assert made == BOTH[build]
    assert second.tokenizer.vocabulary == first.tokenizer.vocabulary
    pairs = zip(first.batches(seed=1).take(3), second.batches(seed=1).take(3), strict=True)
    assert all(np.array_equal(a["token_ids"], b["token_ids"]) for a, b in pairs)
    build(str(shelf), **SMALL | OTHER[build]).prepare()
    assert made == 2 * BOTH[build]
    (shelf / "1.txt").write_text(TEXT + "One more sentence.")
    build(str(shelf), **SMALL).prepare()
    assert made == 3 * BOTH[build]


def test_the_same_files_in_another_order_are_another_corpus(shelf, made):
    files = [str(shelf / f"{i}.txt") for i in range(3)]
    first = Passages(files, **SMALL).prepare()
    other = Passages(files[::-1], **SMALL).prepare()
    assert list(other._texts()) == list(first._texts())[::-1]
    assert made.count("tokenize") == 2


def test_texts_in_memory_are_kept_nowhere(made):
    for _ in range(2):
        TokenBlocks([TEXT, TEXT], **SMALL).prepare()
    assert made == 2 * BOTH[TokenBlocks]


def test_tokens_are_mapped_from_their_file(shelf, monkeypatch):
    (shelf / "long.txt").write_text("a b c d e f g h " * 10_000)
    kinds = []
    monkeypatch.setattr(corpus, "held", lambda array: (kinds.append(type(array)), held(array))[1])
    data = Passages(str(shelf), **SMALL).prepare()
    assert data._corpus.tokens.shape[0] > 80_000
    assert kinds[0] is np.memmap
