"""Clusters that have become too small: dissolved, and filled from the largest."""

import numpy as np

from mmssl.methods.bases.refill import half, refill
from tests.tolerances import SUM, assert_close

ROWS = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")


def refilled(labels, count, least=1):
    labels = np.array(labels, "int32")
    means = [
        ROWS[labels == k].mean(0) if (labels == k).any() else np.zeros(3) for k in range(count)
    ]
    centroids, found = refill(ROWS, np.array(means, "float32"), labels, least)
    return np.asarray(centroids), np.asarray(found), np.array(means)


def test_an_empty_cluster_takes_half_of_the_largest_and_the_rest_stay():
    before = [0] * 12 + [1] * 8
    centroids, labels, means = refilled(before, 3)
    np.testing.assert_array_equal(np.bincount(labels), [6, 8, 6])
    np.testing.assert_array_equal(labels[12:], 1)
    for cluster in (0, 2):
        assert_close(centroids[cluster], ROWS[labels == cluster].mean(0), SUM)
    assert_close(centroids[1], means[1], SUM)


def test_several_empty_clusters_are_filled_one_after_the_other():
    _, labels, _ = refilled([0] * 20, 5)
    # 20, then 10 + 10, 5 + 10 + 5, 5 + 5 + 5 + 5, and one of these is halved.
    assert sorted(np.bincount(labels)) == [2, 3, 5, 5, 5]


def test_members_of_small_clusters_go_to_the_nearest_of_the_others():
    before = [0] * 10 + [1] * 8 + [2] * 2
    _, labels, means = refilled(before, 3, least=3)
    sizes = np.bincount(labels)
    assert sizes.sum() == 20
    assert sizes.min() >= 3
    nearest = ((ROWS[18:, None] - means[:2]) ** 2).sum(-1).argmin(1)
    dissolved = np.array([*before[:18], *nearest])
    largest = np.bincount(dissolved).argmax()
    kept = labels == dissolved
    assert (~kept).sum() == np.bincount(dissolved).max() // 2
    assert set(labels[~kept]) == {2}
    assert set(dissolved[~kept]) == {largest}


def test_large_enough_clusters_stay_as_they_are_and_rows_without_one_stay_so():
    before = [0] * 9 + [1] * 9 + [-1] * 2
    centroids, labels, means = refilled(before, 2, least=9)
    np.testing.assert_array_equal(labels, before)
    assert_close(centroids, means, SUM)


def test_the_half_is_on_the_side_of_the_farthest_member():
    rows = np.array([[0, 0], [1, 0], [2, 0], [9, 0], [100, 0]], "float32")
    members = np.array([True, True, True, True, False])
    np.testing.assert_array_equal(half(rows, members), [False, False, True, True, False])


def test_equal_rows_are_halved_all_the_same():
    assert np.asarray(half(np.ones((5, 2), "float32"), np.ones(5, bool))).sum() == 2
