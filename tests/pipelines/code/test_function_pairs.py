"""Batches of functions and what is written about them."""

import json

import numpy as np
import pytest

from mmssl.pipelines.code import CodeWords, FunctionPairs, FunctionWords
from tests.pipelines.code.test_functions import function

WORDS = {"min_count": 1, "vocabulary_size": 80, "rare": 4}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("src")
    for number in range(10):
        text = function(f"number_{number}", f"value_{'abcdefghij'[number]}")
        (folder / f"m{number}.py").write_text(text)
    return str(folder)


def made(source, **options):
    sides = {"code": FunctionWords(length=16, **WORDS), "query": CodeWords(length=8, **WORDS)}
    return FunctionPairs(source, sides, batch_size=4, name_queries=0.0, **options)


@pytest.fixture(scope="module")
def data(tree):
    return made(tree, one_vocabulary=True).prepare()


def words(data, side, ids):
    return [data.sides[side].tokenizer.vocabulary[i] for i in ids if i]


def test_halves_of_a_batch_belong_together(data):
    batch = next(data.batches(seed=0).as_numpy_iterator())
    shapes = {name: (x.shape, x.dtype.name) for name, x in batch.items()}
    assert shapes == {
        "code_token_ids": ((4, 16), "int32"),
        "code_padding_mask": ((4, 16), "int32"),
        "code_group": ((4,), "int32"),
        "query_token_ids": ((4, 8), "int32"),
        "query_padding_mask": ((4, 8), "int32"),
        "query_group": ((4,), "int32"),
    }
    for code, query in zip(batch["code_token_ids"], batch["query_token_ids"], strict=True):
        assert words(data, "query", query)[:4] == ["does", "something", "with", "value"]
        assert words(data, "query", query)[4] == words(data, "code", code)[4]


def test_only_packages_of_the_split_train_are_trained_on(data, tree):
    assert len(data.items) == 8
    assert set(data.items.splits) == {"train"}
    assert len(data.open(tree)) == 10


def test_one_vocabulary_has_the_words_of_both_sides(data, tree):
    one, two = (side.tokenizer.vocabulary for side in data.sides.values())
    assert one == two
    assert {"def", "something"} <= set(one)
    own = made(tree).prepare().sides
    assert "something" not in own["code"].tokenizer.vocabulary
    assert "def" not in own["query"].tokenizer.vocabulary


def test_a_resumed_run_reads_the_vocabulary_that_it_has(data, tree, tmp_path):
    made(tree, one_vocabulary=True).prepare(tmp_path)
    again = made(tree, one_vocabulary=True)
    again._texts = None
    again.prepare(tmp_path)
    assert again.sides["query"].tokenizer.vocabulary == data.sides["code"].tokenizer.vocabulary


def test_words_are_counted_for_all_of_a_text(data):
    codes, queries = data.word_counts()
    assert codes.shape == queries.shape == (8, codes.shape[1])
    np.testing.assert_array_equal(np.asarray(queries.sum(axis=1)).ravel(), np.full(8, 5))
    shared = codes.multiply(queries).astype(bool).sum(axis=1)
    assert (np.asarray(shared).ravel() == 2).all()  # value, and its letter


def test_pairs_may_be_listed_in_a_table(tmp_path):
    rows = [{"code": f"def f{i}(): pass", "query": f"Does {i}."} for i in range(6)]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = made(str(tmp_path / "pairs.jsonl")).prepare()
    batch = next(data.batches(seed=0).as_numpy_iterator())
    for code, query in zip(batch["code_token_ids"], batch["query_token_ids"], strict=True):
        assert words(data, "code", code)[2] == words(data, "query", query)[1]


@pytest.mark.parametrize("fraction", [-0.1, 1.1])
def test_a_fraction_out_of_range_is_refused(fraction):
    with pytest.raises(ValueError, match="name_queries"):
        FunctionPairs("builtin:code", {}, name_queries=fraction)
