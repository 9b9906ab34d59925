import json

import pytest

from mmssl import cli
from mmssl.apply.words import analogy, neighbors
from mmssl.evaluation.words.vectors import WordVectors
from tests.tolerances import SUM, assert_close


def test_neighbors_are_other_words_nearest_first(words_run):
    found = neighbors(words_run, "The", top=4)
    words, cosines = zip(*found, strict=True)
    assert len(set(words)) == 4
    assert "the" not in words
    assert list(cosines) == sorted(cosines, reverse=True)
    vectors = WordVectors.of(words_run)
    every = vectors.unit @ vectors.unit[vectors.row("the")]
    assert_close(cosines[0], sorted(every)[-2], SUM)


def test_an_analogy_is_answered_by_another_word(words_run):
    found = analogy(words_run, "the", "of", "and", top=3)
    assert len(found) == 3
    assert not {"the", "of", "and"} & {word for word, _ in found}


def test_the_commands_print_what_is_found(words_run, capsys):
    folder = str(words_run.folder)
    assert cli.main(["neighbors", folder, "the", "--top", "2", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["neighbors"]) == 2
    assert cli.main(["analogy", folder, "the", "of", "and", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["answers"]) == 10
    assert cli.main(["neighbors", folder, "the", "--top", "2"]) == 0
    assert "cosine" in capsys.readouterr().out


def test_an_unknown_word_and_a_top_of_none_are_refused(words_run, capsys):
    assert cli.main(["neighbors", str(words_run.folder), "qwertz"]) == 2
    assert "'qwertz' is not among the" in capsys.readouterr().err
    with pytest.raises(ValueError, match="top must be 1"):
        neighbors(words_run, "the", top=0)
