"""Sentences of a text, and a corpus as one array."""

import numpy as np
import pytest

from mmssl.pipelines.text import Tokenizer
from mmssl.pipelines.text.corpus import Corpus, split_sentences, tokenize
from mmssl.pipelines.text.tokenizer import SPECIAL_TOKENS

LETTERS = "abcdefghijklmnopqrstuvwxyz."


def corpus_of(documents, *arguments, **kwargs):
    return Corpus.hold(tokenize(enumerate(documents), *arguments, **kwargs))


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer([*SPECIAL_TOKENS, *LETTERS])


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ('He left. "Why?" she said. "No."', ["He left.", '"Why?" she said.', '"No."']),
        (
            "At 3.15 p.m. he came, e.g. late. 5 left.",
            ["At 3.15 p.m. he came, e.g. late.", "5 left."],
        ),
        (
            "Mr. Hyde met J. R. Smith, and Dr. No. End.",
            ["Mr. Hyde met J. R. Smith, and Dr. No.", "End."],
        ),
        ("A line\nanother\n\n  \nA third. Yes.", ["A line", "another", "A third.", "Yes."]),
        ("天気がいい。「はい。」と言った", ["天気がいい。", "「はい。」", "と言った"]),
        ("Ça va? Évidemment. ça va.", ["Ça va?", "Évidemment. ça va."]),
        ("def f(x):\r\n    return x.y\r\n", ["def f(x):", "    return x.y"]),
        ("", []),
    ],
)
def test_sentences_end_at_stops_before_capitals_and_at_line_ends(text, sentences):
    assert split_sentences(text) == sentences


def test_lines_that_an_editor_wrapped_are_joined():
    wrapped = (
        "A paragraph that somebody wrapped at a column\n"
        "  goes on in small letters,\nas here. Then\n"
        "This begins a line of more than forty signs\n"
        "Like this one."
    )
    assert split_sentences(wrapped) == [
        "A paragraph that somebody wrapped at a column   goes on in small letters,",
        "as here.",
        "Then",
        "This begins a line of more than forty signs",
        "Like this one.",
    ]


def test_sentences_and_documents_are_slices_of_one_array(tokenizer):
    corpus = corpus_of(["a b c. D e\nf.", "g h. I"], tokenizer, max_tokens=100)
    ids = corpus.tokens.numpy()
    assert tokenizer.decode(ids) == "a b c . d e f . g h . i"
    np.testing.assert_array_equal(corpus.sentences, [0, 4, 6, 8, 11, 12])
    np.testing.assert_array_equal(corpus.documents, [0, 3, 5])


def test_texts_and_lines_without_tokens_are_left_out(tokenizer):
    corpus = corpus_of(["\u200b", "a\n\u200b\nb", " \n", "c"], tokenizer, max_tokens=100)
    np.testing.assert_array_equal(corpus.sentences, [0, 1, 2, 3])
    np.testing.assert_array_equal(corpus.documents, [0, 2, 3])


def test_long_sentences_are_cut_in_pieces_of_like_size(tokenizer):
    corpus = corpus_of([" ".join("a" * 23) + "\nB", "c"], tokenizer, max_tokens=10)
    np.testing.assert_array_equal(np.diff(corpus.sentences), [7, 8, 8, 1, 1])
    np.testing.assert_array_equal(corpus.documents, [0, 4, 5])


def test_many_sentences_keep_their_order(tokenizer):
    rng = np.random.default_rng(0)
    documents = [
        "\n".join(" ".join(rng.choice(list(LETTERS[:-1]), rng.integers(1, 9))) for _ in range(n))
        for n in rng.integers(1, 900, 12)
    ]
    corpus = corpus_of(documents, tokenizer, max_tokens=100)
    edges = corpus.sentences.numpy()[corpus.documents.numpy()]
    for document, first, last in zip(documents, edges[:-1], edges[1:], strict=True):
        assert tokenizer.decode(corpus.tokens[first:last]) == document.replace("\n", " ")
    lengths = [len(line.split()) for document in documents for line in document.split("\n")]
    np.testing.assert_array_equal(np.diff(corpus.sentences), lengths)
