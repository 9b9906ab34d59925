"""The word2vec text format: what is written, line by line, and what cannot be."""

import numpy as np
import pytest

from mmssl.deploy.checked import ExportError
from mmssl.deploy.word2vec_text import export_word_vectors, read_vectors
from mmssl.evaluation.words.vectors import WordVectors


def test_every_word_has_a_line_with_its_numbers_to_the_last_digit(words_run, tmp_path):
    result = export_word_vectors(words_run, tmp_path / "vectors.txt")
    vectors = WordVectors.of(words_run)
    head, *lines = result.path.read_text(encoding="utf-8").splitlines()
    assert head == f"{len(vectors)} 16"
    assert [line.split(" ")[0] for line in lines] == list(vectors.words)
    numbers = np.array([line.split(" ")[1:] for line in lines], "float32")
    np.testing.assert_array_equal(numbers, vectors.vectors)
    assert result.max_difference == 0
    words, found = read_vectors(result.path)
    assert words == vectors.words
    np.testing.assert_array_equal(found, vectors.vectors)


def test_a_file_that_reads_back_as_others_is_not_kept(words_run, tmp_path, monkeypatch):
    spoiled = ("mmssl.deploy.word2vec_text.read_vectors", lambda path: (("x",), np.zeros((1, 1))))
    monkeypatch.setattr(*spoiled)
    with pytest.raises(ExportError, match="its words are others"):
        export_word_vectors(words_run, tmp_path / "vectors.txt")
    assert not list(tmp_path.iterdir())


def test_other_endings_and_other_runs_are_refused(words_run, text_run, tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.txt"):
        export_word_vectors(words_run, tmp_path / "vectors.bin")
    with pytest.raises(ValueError, match="has no word vectors"):
        export_word_vectors(text_run, tmp_path / "vectors.txt")
