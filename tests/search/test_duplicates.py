import numpy as np
import pytest

from mmssl.search import duplicates
from mmssl.search.duplicates import find_duplicates
from mmssl.search.vectors import unit
from tests.tolerances import SUM, assert_close


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(duplicates, "ROWS", 4)


def at(*degrees):
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype("float32")


def listed(groups):
    return [group.tolist() for group in groups]


def test_pairs_that_share_an_item_are_one_group():
    # Rows 0, 3 and 8 are a chain of steps of 8 degrees; 1 and 6 are a pair.
    vectors = at(0, 90, 40, 8, 150, 200, 92, 300, 16)
    groups, _ = find_duplicates(vectors, np.cos(np.radians(9)))
    assert listed(groups) == [[0, 3, 8], [1, 6]]


def test_the_cosine_is_that_of_the_nearest_other_one():
    vectors = at(0, 8, 11, 90, 180)
    groups, cosines = find_duplicates(vectors, np.cos(np.radians(9)))
    assert listed(groups) == [[0, 1, 2]]
    assert_close(cosines[:3], np.cos(np.radians([8, 3, 3])), SUM)


def test_copies_are_found_at_a_threshold_of_one():
    vectors = unit(np.random.default_rng(0).normal(size=(9, 100)))
    vectors[7] = vectors[2]
    groups, _ = find_duplicates(vectors, 1.0)
    assert listed(groups) == [[2, 7]]


def test_the_groups_are_those_of_all_pairs():
    rng = np.random.default_rng(0)
    vectors = unit(rng.normal(size=(30, 3)))
    groups, _ = find_duplicates(vectors, 0.93)
    near = vectors @ vectors.T >= 0.93
    reached = np.linalg.matrix_power(near.astype("int64"), 30) > 0
    expected = {tuple(np.flatnonzero(row)) for row in reached if row.sum() > 1}
    assert {tuple(group) for group in listed(groups)} == expected
    assert sorted(map(len, groups), reverse=True) == [len(group) for group in groups]


@pytest.mark.parametrize("threshold", [0, -0.5, 1.01, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ValueError, match="must be above 0 and at most 1"):
        find_duplicates(at(0, 10), threshold)


def test_progress_reaches_the_end():
    seen = []
    find_duplicates(at(*range(0, 90, 10)), 0.99, lambda *done: seen.append(done))
    assert seen == [(4, 9), (8, 9), (9, 9)]
