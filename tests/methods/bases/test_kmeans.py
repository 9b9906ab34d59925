"""k-means in a step, against NumPy: assignments, means, sizes, agreement."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import normalized_mutual_info_score

from mmssl.methods.bases import kmeans as module
from mmssl.methods.bases.kmeans import agreement, cluster_means, drawn, kmeans, nearest
from tests.tolerances import SUM, assert_close

DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(30, 3)).astype("float32")
EVERYONE = np.ones(30, bool)


@pytest.fixture(params=[2**24, 40], ids=["at once", "in parts"])
def held(request, monkeypatch):
    monkeypatch.setattr(module, "HELD", request.param)


def test_a_row_belongs_to_the_centroid_at_the_least_distance(held):
    centroids = DRAW.normal(size=(4, 3)).astype("float32")
    distances = ((ROWS[:, None] - centroids) ** 2).sum(-1)
    np.testing.assert_array_equal(nearest(ROWS, centroids), distances.argmin(1))


def test_means_and_sizes_are_those_of_the_members(held):
    labels = np.arange(30, dtype="int32") % 5 - 1  # of which one means none, and 4 has no member
    means, counts = cluster_means(ROWS, labels, 5)
    expected = [ROWS[labels == k].mean(0) for k in range(4)]
    assert_close(means[:4], expected, SUM)
    np.testing.assert_array_equal(means[4], np.zeros(3))
    np.testing.assert_array_equal(counts, [6, 6, 6, 6, 0])


def error(rows, centroids, labels):
    return float(((rows - np.asarray(centroids)[np.asarray(labels)]) ** 2).sum())


def test_every_iteration_lowers_the_distances_or_leaves_them():
    errors = [
        error(ROWS, *kmeans(ROWS, EVERYONE, ROWS[:4], steps, spherical=False)) for steps in range(8)
    ]
    assert all(b <= a * (1 + 1e-6) for a, b in itertools.pairwise(errors))
    assert errors[-1] < errors[0]


def test_blobs_that_lie_apart_are_found():
    labels = np.repeat(np.arange(3), 10)
    blobs = ROWS / 10 + np.eye(3, dtype="float32")[labels] * 5
    start = blobs[[0, 10, 20]] + 0.5
    _, found = kmeans(blobs, EVERYONE, start.astype("float32"), 5, spherical=False)
    np.testing.assert_array_equal(found, labels)


def test_spherical_centroids_have_length_one_and_rows_that_do_not_count_have_no_cluster():
    units = ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True)
    seen = np.arange(30) < 20
    centroids, labels = kmeans(units, seen, units[:3], 4, spherical=True)
    alone, own = kmeans(units[:20], seen[:20], units[:3], 4, spherical=True)
    assert_close(np.linalg.norm(centroids, axis=1), 1.0, SUM)
    np.testing.assert_array_equal(labels, [*np.asarray(own), *[-1] * 10])
    assert_close(centroids, alone, SUM)


def test_a_cluster_that_loses_all_its_rows_keeps_its_centroid():
    start = np.array([[0, 0, 0], [100, 100, 100]], "float32")
    centroids, labels = kmeans(ROWS, EVERYONE, start, 3, spherical=False)
    np.testing.assert_array_equal(centroids[1], start[1])
    assert not np.any(labels)


def test_rows_are_drawn_without_replacement_from_those_seen_by_a_key():
    seen = np.arange(30) % 2 == 0
    first, again, other = (np.asarray(drawn(ROWS, seen, 6, key)) for key in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
    assert len(np.unique(first, axis=0)) == 6
    assert all(any((row == r).all() for r in ROWS[seen]) for row in first)


def test_agreement_is_that_of_scikit_learn_over_rows_that_have_both(held):
    first, second = (DRAW.integers(-1, 4, 30).astype("int32") for _ in range(2))
    both = (first >= 0) & (second >= 0)
    expected = normalized_mutual_info_score(first[both], second[both], average_method="geometric")
    assert_close(agreement(first, second, 4), expected, SUM, scale=1)
    assert_close(agreement(first, (first * 3) % 5 * (first >= 0) - (first < 0), 5), 1.0, SUM)
    assert float(agreement(first, np.zeros(30, "int32"), 4)) == 0
