"""Text with hidden tokens beside the whole."""

import numpy as np
import pytest

from mmssl.pipelines.text import MaskedPassages
from mmssl.pipelines.text.tokenizer import CLS, MASK, PAD, SEP
from tests.pipelines.elements import elements
from tests.tolerances import mean_margin, share_margin

SENTENCE = "the old man went to sea and came home with one fish for his wife"
WORDS = SENTENCE.split()


def books(count=4):
    rng = np.random.default_rng(0)
    sentences = [" ".join(rng.choice(WORDS, 9)).capitalize() + "." for _ in range(200 * count)]
    return [" ".join(sentences[i::count]) for i in range(count)]


def batch(batches=20, **kwargs):
    pipeline = MaskedPassages(books(), length=64, vocabulary_size=120, batch_size=16, **kwargs)
    return elements(pipeline, batches)


@pytest.fixture(scope="module")
def in_spans():
    return batch(masking="spans", mask_ratio=0.35, short_probability=0.3)


@pytest.fixture(scope="module")
def in_tokens():
    return batch(masking="tokens", mask_ratio=0.15)


@pytest.mark.parametrize("name", ["in_spans", "in_tokens"])
def test_exactly_the_masked_tokens_are_predicted_and_specials_stay(name, request):
    found = request.getfixturevalue(name)
    student, whole, mask = (found[n] for n in ("token_ids", "teacher_token_ids", "mask"))
    np.testing.assert_array_equal(mask == 1, student == MASK)
    assert not (whole == MASK).any()
    assert not np.isin(whole[mask == 1], [PAD, CLS, SEP]).any()
    np.testing.assert_array_equal(found["padding_mask"] == 1, whole != PAD)
    assert (whole[:, 0] == CLS).all()
    assert (mask.sum(axis=1) > 0).all()
    assert {x.dtype.name for x in found.values()} == {"int32"}


def test_spans_hide_31_percent_in_runs_of_four_and_change_nothing_else(in_spans):
    student, whole, mask = (in_spans[n] for n in ("token_ids", "teacher_token_ids", "mask"))
    np.testing.assert_array_equal(student[mask == 0], whole[mask == 0])
    full = whole[:, -1] == SEP
    shares = mask[full, 1:-1].mean(axis=1)
    margin = mean_margin(shares.std(), len(shares))
    assert shares.mean() == pytest.approx(1 - (1 - 0.35 / 4) ** 4, abs=margin)
    for row in mask[full]:
        edges = np.flatnonzero(np.diff(np.pad(row, 1)))
        assert np.min(edges[1::2] - edges[::2]) >= 4


def test_of_the_chosen_tokens_those_with_a_random_id_or_their_own_are_not_predicted(in_tokens):
    student, whole, mask = (in_tokens[n] for n in ("token_ids", "teacher_token_ids", "mask"))
    inside = (whole != PAD).sum()
    assert mask.sum() / inside == pytest.approx(0.8 * 0.15, abs=share_margin(0.12, inside))
    random = (student != whole) & (mask == 0)
    margin = share_margin(0.1 * 0.15, inside)
    assert random.sum() / inside == pytest.approx(0.1 * 0.15, abs=margin)


def test_an_unknown_masking_is_refused():
    with pytest.raises(ValueError, match="masking='words' must be"):
        MaskedPassages(masking="words")
    with pytest.raises(ValueError, match="span=0"):
        MaskedPassages(span=0)
