"""Tokenizers in a graph give the very ids of the libraries that the pipelines use."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.in_graph.tokenizing import tokenizer_in_graph
from mmssl.pipelines.text.byte_pairs import learn_byte_pairs
from mmssl.pipelines.text.vocabularies import read_vocabulary
from tests import published

ROLES = ("pad", "mask", "cls", "sep")
SIGNS = [*"abcXYZ 019 \t\n 'sdtrm\"!?.,;-_éß中文\u0301\u00a0\u3000\u2028\x85🙂٠²"]


def texts():
    """Lines, oddities, and random signs; NUL reads as a blank before texts are tokenized."""
    draw = np.random.default_rng(0)
    random = ["".join(draw.choice(SIGNS, draw.integers(1, 60))) for _ in range(300)]
    odd = [text.replace("\0", " ") for text in published.ODD]
    return [*published.lines()[:200], *odd, *random, "a" * 700, " " * 300, "'s"]


def tokenizers(folder):
    word_pieces, _ = published.write_word_pieces(folder, lowercase=True)
    yield read_vocabulary(word_pieces, ROLES)
    (folder / "cased").mkdir()
    cased, _ = published.write_word_pieces(folder / "cased", lowercase=False)
    yield read_vocabulary(cased, ROLES)
    byte_pairs, _ = published.write_byte_pairs(folder)
    yield read_vocabulary(byte_pairs, ROLES)
    (folder / "tokenizer_config.json").write_text('{"add_prefix_space": true}')
    yield read_vocabulary(byte_pairs, ROLES)
    (folder / "tokenizer_config.json").unlink()
    for kind in ("unigram", "bpe"):
        sentence_pieces, _ = published.write_sentence_pieces(folder, kind)
        yield read_vocabulary(sentence_pieces, ROLES)
    yield learn_byte_pairs(published.lines(), 600)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Each tokenizer, and the same in a graph."""
    found = tokenizers(tmp_path_factory.mktemp("vocabularies"))
    return [(tokenizer, tokenizer_in_graph(tokenizer)) for tokenizer in found]


def in_a_graph(tokenizer):
    return tf.function(lambda batch: tokenizer(batch), [tf.TensorSpec([None], tf.string)])


@pytest.mark.parametrize("number", range(7))
def test_ids_are_those_of_the_library(pairs, number):
    tokenizer, alone = pairs[number]
    batch = tf.constant(texts())
    found, expected = in_a_graph(alone)(batch).to_list(), tokenizer(batch).to_list()
    wrong = [
        (text, ids, wanted)
        for text, ids, wanted in zip(texts(), found, expected, strict=True)
        if ids != wanted
    ]
    assert wrong == []


@pytest.mark.parametrize("number", range(7))
def test_an_empty_batch_and_an_empty_text_have_no_ids(pairs, number):
    tokenize = in_a_graph(pairs[number][1])
    assert tokenize(tf.zeros([0], tf.string)).shape[0] == 0
    assert tokenize(tf.constant(["", "x"])).to_list()[0] == []


def test_no_graph_calls_python(pairs):
    for _, alone in pairs:
        graph = in_a_graph(alone).get_concrete_function().graph.as_graph_def()
        nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
        assert not [node.op for node in nodes if "PyFunc" in node.op]


def test_real_texts_have_the_ids_of_the_library(pairs, real_data):
    lines = (real_data / "text" / "sentence_polarity.tsv").read_text().splitlines()[1:400]
    for tokenizer, alone in pairs:
        batch = tf.constant(lines)
        assert in_a_graph(alone)(batch).to_list() == tokenizer(batch).to_list()
