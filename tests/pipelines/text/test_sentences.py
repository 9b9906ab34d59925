import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.text import Sentences
from mmssl.pipelines.text.corpus import split_sentences
from mmssl.pipelines.text.sentences import _marked
from mmssl.pipelines.text.tokenizer import SPECIAL_TOKENS, Tokenizer

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
DOCUMENTS = [" ".join(f"It is {word}." for word in WORDS[: 2 + n]) for n in range(9)]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vocabulary")
    Tokenizer([*SPECIAL_TOKENS, *".!", "it", "is", *WORDS]).write(folder)
    pipeline = Sentences(
        DOCUMENTS, sentences=4, sentence_length=6, batch_size=2, vocabulary=str(folder)
    )
    pipeline.prepare()
    return pipeline


def sentences_of(data, ids):
    rows = np.asarray(ids).reshape(-1, data.sentence_length)
    return [data.tokenizer.decode(row[row > 0]) for row in rows if row.any()]


def elements(data, epochs=1):
    batches = data.batches(seed=0).unbatch().take(epochs * len(data) * data.batch_size)
    return list(batches.as_numpy_iterator())


def test_an_element_is_consecutive_sentences_of_one_document(data):
    spoken = [[f"it is {word} ." for word in WORDS[: 2 + n]] for n in range(9)]
    for element in elements(data):
        found = sentences_of(data, element["token_ids"])
        assert 2 <= len(found) <= 4
        assert any(
            found == document[start : start + len(found)]
            for document in spoken
            for start in range(len(document))
        )
        np.testing.assert_array_equal(element["padding_mask"], element["token_ids"] > 0)


def test_all_sentences_are_shown_within_a_few_epochs_and_begin_elsewhere_in_each(data):
    shown = [sentences_of(data, element["token_ids"])[0] for element in elements(data, 8)]
    assert {f"it is {word} ." for word in WORDS[:7]} <= set(shown)
    every = {s for element in elements(data, 8) for s in sentences_of(data, element["token_ids"])}
    assert every == {f"it is {word} ." for word in WORDS}


def test_a_text_is_encoded_as_its_sentences(data):
    encoded = data.encode(tf.constant(["It is one. It is two!", "It is three"]))
    assert encoded["token_ids"].shape == (2, 12)
    first, second = (sentences_of(data, row) for row in encoded["token_ids"])
    assert first[0] == "it is one ."
    assert len(first) == 2
    assert second == ["it is three"]
    np.testing.assert_array_equal(encoded["padding_mask"][1], [1, 1, 1] + 9 * [0])


def test_a_long_sentence_is_several_of_about_the_same_size(data):
    encoded = data.encode(tf.constant(["one two three four five six seven eight."]))
    sizes = np.asarray(encoded["padding_mask"]).reshape(-1, 6).sum(axis=1)
    assert sizes.tolist() == [4, 5]


def test_texts_lose_the_sentences_beyond_the_length(data):
    text = " ".join(f"It is {word}." for word in WORDS)
    assert data.encode(tf.constant([text]))["token_ids"].shape == (1, 24)
    assert data.encode(tf.constant([text]), 13)["token_ids"].shape == (1, 12)


def test_a_text_without_tokens_is_one_empty_sentence(data):
    encoded = data.encode(tf.constant([" "]))
    np.testing.assert_array_equal(encoded["padding_mask"], np.zeros((1, 6)))


@pytest.mark.parametrize(
    "text",
    [
        "Hello Mr. Smith! How are you? I am J. R. Doe.",
        '"Really?" Yes. It is 3.5 m, e.g. here. (So.) 4 more.',
        "no capitals. here, nor there. ",
    ],
)
def test_a_graph_ends_sentences_where_the_corpus_does(text):
    found = _marked(tf.constant([text])).numpy()[0].decode().split("\n")
    assert [s.strip() for s in found] == [s.strip() for s in split_sentences(text)]


@pytest.mark.parametrize("wrong", [{"sentences": 0}, {"sentence_length": 3}])
def test_sizes_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Sentences(DOCUMENTS, **wrong)
