"""Texts that are tokenized before they are stored in shards."""

import numpy as np
import pytest

from mmssl.pipelines.preparing.encodings import Encoding
from mmssl.pipelines.text import SentencePairs, TokenBlocks
from mmssl.pipelines.text.stored_tokens import packed, unpacked
from tests.pipelines.elements import elements, same
from tests.pipelines.preparing.shards import prepared

SMALL = {"length": 32, "vocabulary_size": 300, "batch_size": 2}
KINDS = {"tokens": TokenBlocks, "sentences": SentencePairs}
WORDS = (
    "stone",
    "river",
    "garden",
    "walked",
    "Over",
    "caf\u00e9",
    "long.",
    "Short!",
    "\n",
    "\u4e2d",
)


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """A table of texts, and beside it the vocabulary of each kind that was learned from them."""
    folder, rng = tmp_path_factory.mktemp("books"), np.random.default_rng(0)
    (folder / "texts").mkdir()
    for i in range(7):
        text = " ".join(rng.choice(WORDS, 90 + 9 * i))
        (folder / "texts" / f"{i}.txt").write_text(text)
    for name, build in KINDS.items():
        (folder / name).mkdir()
        build(str(folder / "texts"), **SMALL).prepare(folder / name)
    return folder


@pytest.fixture(scope="module", params=KINDS)
def kind(request, books):
    """The name of an encoding, and a folder of shards of it."""
    out = books / f"shards of {request.param}"
    encoding = Encoding("text", request.param, vocabulary=str(books / request.param))
    prepared(str(books / "texts"), out, encoding)
    return request.param, str(out)


def test_tokens_of_shards_give_the_batches_of_the_texts(books, kind):
    name, shards = kind
    vocabulary = {"vocabulary": str(books / name)}
    raw, stored = (
        KINDS[name](source, **SMALL, **vocabulary).prepare()
        for source in (str(books / "texts"), shards)
    )
    assert len(raw) == len(stored) > 10
    assert same(elements(raw, batches=5, seed=3), elements(stored, batches=5, seed=3))
    pairs = zip(raw.examples(raw.items, 3), stored.examples(stored.items, 3), strict=True)
    for one, other in pairs:
        assert all(np.array_equal(one[key], other[key]) for key in one)
    if name == "tokens":
        assert stored.characters == raw.characters
        assert stored.preview(stored.items, 0) == raw.preview(raw.items, 0)


def test_another_vocabulary_and_none_are_refused_in_a_sentence(books, kind, tmp_path):
    name, shards = kind
    KINDS[name](["Another stone. More text. "] * 9, **SMALL | {"vocabulary_size": 280}).prepare(
        tmp_path
    )
    for vocabulary, reason in (
        (str(tmp_path), r"hold the tokens of another vocabulary, .*: give that as data.vocabulary"),
        (None, r"no vocabulary can be learned from shards .*: give that of theirs, .*" + name),
    ):
        with pytest.raises(ValueError, match=reason):
            KINDS[name](shards, **SMALL, vocabulary=vocabulary).prepare()


def test_tokens_for_another_pipeline_are_refused(books, kind):
    name, shards = kind
    other = next(build for wanted, build in KINDS.items() if wanted != name)
    with pytest.raises(ValueError, match=f"the shards hold {name}, which {other.__name__} does"):
        other(shards, **SMALL).prepare()


def test_a_text_is_packed_with_its_sentences_and_its_characters():
    ids, lengths = np.array([0, 5, 7, 0, 9], np.int32), np.array([2, 0, 1, 2])
    found = unpacked(packed(ids, lengths, 44))
    np.testing.assert_array_equal(found[0], ids)
    np.testing.assert_array_equal(found[1], lengths[lengths > 0])
    assert found[2] == 44
    with pytest.raises(ValueError, match="it has no token"):
        packed(ids[:0], lengths[:0], 3)


@pytest.mark.parametrize(("name", "vocabulary"), [("tokens", None), ("same", "vocab.txt")])
def test_a_vocabulary_goes_with_tokens_alone(name, vocabulary):
    with pytest.raises(ValueError, match=f"does not go with encoding='{name}'"):
        Encoding("text", name, vocabulary=vocabulary)
