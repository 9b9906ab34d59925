"""Long texts, read in parts: the same as read whole, in memory that does not follow them."""

import tracemalloc

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.sources import open_source
from mmssl.pipelines.sources.extensions import TEXT_EXTENSIONS
from mmssl.pipelines.text import Passages, TokenBlocks, blocks, reading
from mmssl.pipelines.text.blocks import in_blocks

SMALL = {"length": 64, "vocabulary_size": 300, "batch_size": 2}
LINES = (
    "The stone walked over the river, and the garden was a long way from here\n",
    "and went on in small letters. Then it stopped.\r\n",
    "\n",
    "    def an_indented(line):\n",
    "Caf\u00e9, \u5929\u6c17\u304c\u3044\u3044\u3002 A line. \n",
)


def a_text(lines=400, seed=0):
    return "".join(np.random.default_rng(seed).choice(LINES, lines))


@pytest.fixture
def in_small_parts(monkeypatch):
    monkeypatch.setattr(reading, "PART", 101)
    monkeypatch.setattr(blocks, "BLOCK", 1000)
    monkeypatch.setattr(blocks, "_MOST", 4000)


@pytest.mark.parametrize("build", [Passages, TokenBlocks])
def test_a_text_in_blocks_has_the_tokens_of_the_whole(build, tmp_path, in_small_parts):
    texts = [a_text(), a_text(3, 1), a_text(90, 2)]
    for i, text in enumerate(texts):
        (tmp_path / f"{i}.txt").write_bytes(text.encode())
    data = build(str(tmp_path), **SMALL).prepare()
    assert len(list(data._blocks())) > 10
    whole = build(texts, **SMALL)
    whole.tokenizer = data.tokenizer
    blocks.BLOCK = 10**6
    whole.prepare()
    names = ("tokens", "sentences", "documents") if build is Passages else ("_tokens", "_ends")
    parts, wholes = (d._corpus if build is Passages else d for d in (data, whole))
    for name in names:
        np.testing.assert_array_equal(getattr(parts, name), getattr(wholes, name))
    if build is TokenBlocks:
        assert data.characters == sum(map(len, texts))


@pytest.mark.parametrize("text", [a_text(), "x" * 9001, "a word " * 2000, "", "\n" * 5000, "no\n"])
def test_blocks_together_are_the_text_and_none_is_too_long(text, in_small_parts):
    found = list(in_blocks(text[i : i + 37] for i in range(0, len(text), 37)))
    assert "".join(found) == text
    assert all(0 < len(block) <= 4000 for block in found)


def test_a_long_file_is_checked_and_its_beginning_read_in_little_memory(tmp_path):
    (tmp_path / "long.txt").write_text(a_text(2000) * 300)
    (tmp_path / "bad.txt").write_bytes(a_text(2000).encode() * 100 + b"\xff")
    size = (tmp_path / "long.txt").stat().st_size
    source = open_source(str(tmp_path), TEXT_EXTENSIONS)
    reader = Passages([""], **SMALL)._reader(source)
    tracemalloc.start()
    assert reader.size_read(tf.constant(1, tf.int64)).numpy().tolist() == [size]
    [begun] = reader.beginning(tf.constant(1, tf.int64), 1000).numpy()
    with pytest.raises(ValueError, match=reading.NOT_UTF8):
        reader.size_read(tf.constant(0, tf.int64))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "long.txt").read_bytes().startswith(begun)
    assert peak < size / 2


def test_a_beginning_has_as_many_letters_as_are_asked_for(tmp_path, in_small_parts):
    (tmp_path / "a.txt").write_text(" " * 5000 + "seen" * 50 + " " * 5000 + "end")
    reader = Passages([""], **SMALL)._reader(open_source(str(tmp_path), TEXT_EXTENSIONS))
    for characters in (1, 150, 203, 10**6):
        [begun] = reader.beginning(tf.constant(0, tf.int64), characters).numpy()
        assert len(begun.replace(b" ", b"")) >= min(characters, 203)
    assert len(reader.beginning(tf.constant(0, tf.int64), 10).numpy()[0]) < 5500


def test_a_vocabulary_of_much_text_is_learned_from_blocks_spread_evenly(tmp_path, monkeypatch):
    for i in range(40):
        (tmp_path / f"{i:02d}.txt").write_text(f"{i} " * 50)
    data = TokenBlocks(str(tmp_path), **SMALL).prepare()
    monkeypatch.setattr("mmssl.pipelines.text.documents._LEARNED", -(-data.shapes.sum() // 10))
    assert [text.split()[0] for text in data._texts()] == ["0", "10", "20", "30"]
