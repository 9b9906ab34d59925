"""Whole words as tokens: what parts them, which are known, and what a folder keeps."""

import pytest
import tensorflow as tf

from mmssl.pipelines.text.words import Words, learn_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't stop, 'quoted' words!", "don't stop quoted words"),
        ("don\u2019t \u2018stop\u2019", "don't stop"),
        ("_emphasis_ and--dashes \n and\ttabs", "emphasis and dashes and tabs"),
        ("ÉCOLE straße 1984", "école straße 1984"),
        ("rock''n''roll ''' the boys'", "rock n roll the boys"),
        ("... !", ""),
    ],
)
def test_words_are_letters_digits_and_apostrophes_inside(text, words):
    assert Words.spaced(tf.constant([text])).numpy()[0].decode() == words


def test_the_most_frequent_words_are_learned_in_order():
    texts = ["b a b. c B", "a d, a! e", "c"]
    assert learn_words(texts, 100, 1) == ["[PAD]", "a", "b", "c", "d", "e"]
    assert learn_words(texts, 100, 2) == ["[PAD]", "a", "b", "c"]
    assert learn_words(texts, 3, 2) == ["[PAD]", "a", "b"]
    with pytest.raises(ValueError, match="no word occurs 9 times"):
        learn_words(texts, 100, 9)


def test_unknown_words_and_the_padding_are_left_out():
    words = Words(["[PAD]", "sea", "old"])
    assert words(["The old, OLD sea [PAD]", "nothing", ""]).to_list() == [[2, 2, 1], [], []]
    assert words.decode([2, 1, 0]) == "old sea"


@pytest.mark.parametrize(
    ("asked", "found"), [("Sea", 1), ("old", 2), ("ship", None), ("old sea", None), ("", None)]
)
def test_a_single_word_is_found(asked, found):
    assert Words(["[PAD]", "sea", "old"]).find(asked) == found


def test_what_is_written_is_read_back(tmp_path):
    words = Words(["[PAD]", "sea", "école"])
    words.write(tmp_path)
    again = Words.read(tmp_path)
    assert again.vocabulary == words.vocabulary
    assert again.fingerprint() == words.fingerprint()


def test_what_is_no_vocabulary_is_refused(tmp_path):
    with pytest.raises(ValueError, match="more than once"):
        Words(["[PAD]", "sea", "sea"])
    (tmp_path / "words.txt").write_text("sea\nold\n")
    with pytest.raises(ValueError, match=r"words.txt is not a vocabulary"):
        Words.read(tmp_path)
    with pytest.raises(ValueError, match="does not exist"):
        Words.read(tmp_path / "elsewhere")
