"""Features that are whitened for a probe."""

import numpy as np
import pytest
from scipy import sparse

from mmssl.encoders.parts.whitening import Whitening
from mmssl.evaluation.probes.features import Features
from mmssl.evaluation.whitening.features import whiten_features
from tests.tolerances import SUM, assert_close


@pytest.fixture
def parts():
    rng = np.random.default_rng(0)
    return [(rng.normal(size=(n, 6)) * [9, 3, 1, 1, 1, 1]).astype("float32") + 4 for n in (90, 30)]


def test_test_items_have_no_part_in_it(parts):
    train, test = parts
    one = whiten_features(Features([train, test], "x"), 4)
    other = whiten_features(Features([train, test[:1] * 100], "x"), 4)
    np.testing.assert_array_equal(one.parts[0], other.parts[0])
    assert one.parts[1].shape == (30, 4)
    assert not one.standardize


def test_a_whitening_that_is_given_is_used(parts):
    given = Whitening(np.full(6, 2, "float32"), np.eye(6, 2, dtype="float32"))
    found = whiten_features(Features(parts, "x"), 4, given)
    assert_close(found.parts[1], parts[1][:, :2] - 2, SUM)


def test_words_are_counted_in_few_dimensions_before(parts):
    words = [sparse.random(n, 500, 0.05, "csr", "float32", rng=n) for n in (90, 30)]
    found = whiten_features(Features(words, "words"), 7)
    assert [part.shape for part in found.parts] == [(90, 7), (30, 7)]
    assert np.isfinite(found.parts[1]).all()


def test_items_that_do_not_differ_have_none():
    assert whiten_features(Features([np.ones((9, 3)), np.ones((2, 3))], "x"), 2) is None
