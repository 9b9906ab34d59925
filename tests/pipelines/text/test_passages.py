from functools import partial

import numpy as np
import pytest

from mmssl.pipelines.text import Passages, SentencePairs
from mmssl.pipelines.text.tokenizer import CLS, PAD, SEP

SENTENCES = [f"The {a} {b} goes to the sea." for a in ("old", "red", "big") for b in ("cat", "man")]
DOCUMENTS = [" ".join(SENTENCES[i:] + SENTENCES[:i]) for i in range(6)]
SMALL = {"length": 16, "vocabulary_size": 120, "batch_size": 4}
SINGLES = partial(SentencePairs, next_sentence=False, max_predictions=4)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder that a vocabulary was kept in."""
    folder = tmp_path_factory.mktemp("run")
    Passages(DOCUMENTS, **SMALL).prepare(folder)
    return folder


def test_an_element_is_a_run_of_text_between_its_marks(run):
    pipeline = Passages(DOCUMENTS, short_probability=0.5, vocabulary=run, **SMALL)
    lengths = set()
    for batch in pipeline.batches(seed=0).take(8).as_numpy_iterator():
        corpus = pipeline._corpus.tokens.numpy().tolist()
        assert batch["token_ids"].shape == batch["padding_mask"].shape == (4, 16)
        for ids, mask in zip(batch["token_ids"], batch["padding_mask"], strict=True):
            text = ids[mask == 1]
            assert (ids[mask == 0] == PAD).all()
            assert (text[0], text[-1]) == (CLS, SEP)
            inner = text[1:-1].tolist()
            assert any(corpus[i : i + len(inner)] == inner for i in range(len(corpus)))
            lengths.add(len(text))
    assert max(lengths) == 16
    assert len(lengths) > 1


@pytest.mark.parametrize("build", [Passages, SINGLES])
def test_the_vocabulary_of_another_run_is_taken_and_kept(build, run, tmp_path):
    other = build(["Nothing of the kind is in here at all."] * 5, vocabulary=run, **SMALL)
    other.prepare(tmp_path)
    known = Passages(DOCUMENTS, **SMALL)
    known.restore(run)
    ids = other.encode(["The old cat"])["token_ids"]
    np.testing.assert_array_equal(ids, known.encode(["The old cat"])["token_ids"])
    kept, taken = (folder / "vocabulary.txt" for folder in (tmp_path, run))
    assert kept.read_text() == taken.read_text()


def test_wrong_arguments_are_named(tmp_path):
    with pytest.raises(ValueError, match="length=7 must be 8 or more"):
        Passages(DOCUMENTS, length=7)
    with pytest.raises(ValueError, match="short_probability=2"):
        Passages(DOCUMENTS, short_probability=2)
    with pytest.raises(ValueError, match="has none: give the folder of a text run"):
        Passages(DOCUMENTS, vocabulary=tmp_path, **SMALL).prepare()
