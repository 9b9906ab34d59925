"""Word similarity and analogies against vectors whose answers are known."""

import json

import numpy as np
import pytest

from mmssl import cli
from mmssl.evaluation.words.analogies import analogies, read_questions
from mmssl.evaluation.words.measure import measure_words, word_rows
from mmssl.evaluation.words.similarity import read_pairs, similarity
from mmssl.evaluation.words.vectors import WordVectors
from tests.tolerances import ROUNDING, SUM, assert_close

# Royalty, sex and size are directions of their own.
MEANINGS = {
    "king": (3, 1, 0),
    "queen": (3, -1, 0),
    "man": (0, 1, 0.1),
    "woman": (0, -1, 0.1),
    "prince": (3, 1, -2),
    "tower": (0, 0, 5),
}


@pytest.fixture(scope="module")
def vectors():
    return WordVectors(MEANINGS, np.array(list(MEANINGS.values()), "float32"))


def written(folder, text):
    (folder / "words.txt").write_text(text)
    return folder / "words.txt"


def test_ranks_are_compared_over_the_pairs_that_are_known(vectors):
    pairs = [
        ("king", "Queen", 9.0),
        ("man", "woman", 8.0),
        ("king", "tower", 1.0),
        ("x", "man", 5.0),
    ]
    cosines = [0.8, -0.98, 0.0]  # in another order than 9, 8, 1
    assert np.argsort(cosines).tolist() == [1, 2, 0]
    found = similarity(vectors, pairs)
    assert_close(found.pop("spearman"), 0.5, SUM)
    assert found == {"known": 3, "pairs": 4}
    assert similarity(vectors, pairs[-2:])["spearman"] is None


def test_lengths_of_vectors_do_not_count(vectors):
    longer = WordVectors(MEANINGS, vectors.vectors * np.arange(1, 7, dtype="float32")[:, None])
    assert_close(longer.unit, vectors.unit, SUM)


def test_analogies_leave_out_the_words_of_the_question(vectors):
    questions = {
        "sex": [("man", "woman", "king", "queen"), ("Woman", "man", "queen", "king")],
        "unknown": [("man", "woman", "king", "empress")],
        "wrong": [("man", "woman", "king", "tower")],
    }
    found = analogies(vectors, questions)
    assert_close(found.pop("accuracy"), 2 / 3, ROUNDING, dtype="float64")
    assert found == {
        "known": 3,
        "questions": 4,
        "sections": {
            "sex": {"accuracy": 1.0, "known": 2, "questions": 2},
            "unknown": {"accuracy": None, "known": 0, "questions": 1},
            "wrong": {"accuracy": 0.0, "known": 1, "questions": 1},
        },
    }


def test_the_nearest_come_first(vectors):
    rows, cosines = vectors.nearest(vectors.unit[[0]], np.array([[0]]), 9)
    assert [vectors.words[row] for row in rows[0]][:2] == ["prince", "queen"]
    assert len(rows[0]) == 5
    assert (np.diff(cosines[0]) <= 0).all()


@pytest.mark.parametrize("parted", ["\t", ",", " ", ";  "])
def test_pairs_are_read_with_and_without_a_header(tmp_path, parted):
    lines = [
        parted.join(line) for line in (("a", "b", "score"), ("x", "y", "1"), ("u", "v", "2.5"))
    ]
    expected = [("x", "y", 1.0), ("u", "v", 2.5)]
    assert read_pairs(written(tmp_path, "\n".join(lines))) == expected
    assert read_pairs(written(tmp_path, "\n".join(lines[1:]))) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a b 1\nc d\n", "line 2 is not two words"),
        ("a b 1\n", "no two pairs"),
        ("", "no two pairs"),
    ],
)
def test_what_is_no_table_of_pairs_is_refused(tmp_path, text, said):
    with pytest.raises(ValueError, match=said):
        read_pairs(written(tmp_path, text))


def test_questions_are_read_by_section(tmp_path):
    path = written(tmp_path, ": one\na b c d\n\n: two words\ne f g h\ni j k l\n")
    assert read_questions(path) == {
        "one": [("a", "b", "c", "d")],
        "two words": [("e", "f", "g", "h"), ("i", "j", "k", "l")],
    }
    with pytest.raises(ValueError, match="line 2 is not four words"):
        read_questions(written(tmp_path, ": one\na b c\n"))
    with pytest.raises(ValueError, match="cannot be read"):
        read_questions(tmp_path / "elsewhere")


def test_vectors_of_a_run_are_those_of_its_encoder(words_run):
    vectors = WordVectors.of(words_run)
    assert vectors.words == words_run.data.tokenizer.vocabulary[1:]
    layers = [words_run.encoder.get_layer(f"{name}_embedding") for name in ("token", "context")]
    total = sum(np.asarray(layer.embeddings, "float64") for layer in layers)
    assert_close(vectors.vectors, total[1:], SUM)
    assert vectors.row("zebra") is None
    with pytest.raises(ValueError, match=r"'theq' is not among the .* near it are the"):
        vectors.known_row("theq")


def test_what_a_recipe_asks_is_measured_at_the_end_and_shown(words_run):
    from mmssl.training.finish import finish

    finish(words_run, quiet=True)
    [kept] = json.loads(words_run.files.metrics.read_text())["words"]
    assert (kept["encoder"]["known"], kept["encoder"]["pairs"]) == (3, 4)
    assert set(kept) >= {"encoder", "untrained", "data"}
    assert "3 of 4" in words_run.files.report.read_text()


def test_measured_again_a_file_has_one_result(words_run, tmp_path):
    path = written(tmp_path, ": one\nthe of and a\nthe zebra and a\n")
    for _ in range(2):
        [result] = measure_words(words_run, questions=[path])
    kept = json.loads(words_run.files.metrics.read_text())["words"]
    assert [k["data"]["source"] for k in kept].count(str(path)) == 1
    assert [row[:2] for row in word_rows([result])] == [
        ("words.txt", "1 of 2"),
        ("  one", "1 of 2"),
    ]


def test_evaluate_measures_words_alone_where_nothing_else_is_asked(words_run, tmp_path, capsys):
    path = written(tmp_path, "the of 1\nand a 2\nfor the 3\n")
    assert cli.main(["evaluate", str(words_run.folder), "--similarity", str(path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(result) == ["words"]
    assert result["words"][0]["encoder"]["known"] == 3


def test_a_run_without_word_vectors_is_refused(text_run):
    with pytest.raises(ValueError, match="has no word vectors"):
        WordVectors.of(text_run)
