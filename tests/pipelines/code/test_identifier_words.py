"""Words of identifiers."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.code import CodeWords, FunctionWords
from mmssl.pipelines.code.identifier_words import IdentifierWords, rare_words, split_words

TEXTS = {
    "parse_http_date(x)": "parse http date x",
    "parseHTTPDate": "parse http date",
    "Utf8Decoder": "utf 8 decoder",
    "__init__ self._a1B2": "init self a 1 b 2",
    "it's XMLToJSONv2": "it s xml to jso nv 2",
    "": "",
}


@pytest.mark.parametrize("text", TEXTS)
def test_identifiers_are_split(text):
    assert split_words(text) == TEXTS[text].split()
    assert IdentifierWords.spaced(tf.constant([text])).numpy()[0].decode() == TEXTS[text]


@pytest.fixture(scope="module")
def data():
    texts = [f"read_value_{i} from the fileName{i % 3}" for i in range(12)]
    texts[5] = " ".join(["value"] * 40)
    texts[7] = "?"
    pipeline = CodeWords(texts, length=8, batch_size=4)
    return pipeline.prepare()


def test_an_element_is_the_beginning_of_a_text(data):
    word = data.tokenizer.vocabulary.index
    element = data.example(tf.constant(2, tf.int64), None)
    ids = [word(w) for w in ("read", "value", "2", "from", "the", "file", "name", "2")]
    np.testing.assert_array_equal(element["token_ids"], ids)
    long = data.example(tf.constant(5, tf.int64), None)
    np.testing.assert_array_equal(long["token_ids"], [word("value")] * 8)
    assert not data.example(tf.constant(7, tf.int64), None)["padding_mask"].numpy().any()


def test_elements_are_what_a_trained_encoder_is_given(data):
    examples = next(data.examples(data.items, 12).as_numpy_iterator())
    for index in range(12):
        element = data.example(tf.constant(index, tf.int64), None)
        for name, value in element.items():
            np.testing.assert_array_equal(value, examples[name][index])


def test_rare_words_are_left_out(data):
    assert "read" in data.tokenizer.vocabulary
    assert "9" not in data.tokenizer.vocabulary


def test_rare_words_share_ids_by_their_hash():
    tokenizer = IdentifierWords(["[PAD]", "read", *rare_words(50)])
    ids = tokenizer(["read one two three", "three two"]).to_list()
    assert ids[0][0] == 1
    assert min(ids[0][1:]) >= 2
    assert ids[1] == [ids[0][3], ids[0][2]]
    assert len({*ids[0]}) > 2


def test_ids_of_rare_words_are_a_part_of_the_vocabulary(tmp_path):
    texts = ["read value"] * 4
    data = CodeWords(texts, length=8, vocabulary_size=20, rare=5, batch_size=2)
    data.prepare(tmp_path)
    assert len(data.tokenizer) == 3 + 5
    again = IdentifierWords.read(tmp_path)
    assert again(["other"]).to_list() == data.tokenizer(["other"]).to_list()
    with pytest.raises(ValueError, match="rare=18"):
        CodeWords(texts, vocabulary_size=20, rare=18)


def test_functions_of_files_can_be_embedded(tmp_path):
    (tmp_path / "a.py").write_text("def one(x):\n    return x\n\ndef two(x):\n    return x\n")
    pipeline = FunctionWords(str(tmp_path), length=8, batch_size=2).prepare()
    assert list(pipeline.items.names) == ["a.py:1 one", "a.py:4 two"]
    assert pipeline.preview(pipeline.items, 1) == "def two(x):\n    return x"
