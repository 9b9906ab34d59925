"""Matches between the places of views, and VICReg's terms of their slots."""

import numpy as np
import pytest

from mmssl.losses.vicreg import vicreg_terms
from mmssl.losses.vicregl import (
    center_distances,
    matched_vicreg_terms,
    mean_cosine,
    nearest_matches,
    place_distances,
)
from tests.losses.contract import Case, LossContract
from tests.tolerances import SUM, assert_close

RNG = np.random.default_rng(0)
FIRST = RNG.normal(size=(8, 3, 4)).astype("float32")
SECOND = (FIRST + 0.7 * RNG.normal(size=FIRST.shape)).astype("float32")
WEIGHTS = np.array([0.5, 0.3, 0.2], "float32")
COEFFICIENTS = {"invariance": 25.0, "variance": 25.0, "covariance": 1.0}


def loss(first, second):
    terms = matched_vicreg_terms(first, second, WEIGHTS)
    return sum(COEFFICIENTS[name] * value for name, value in terms.items())


def oracle(first, second):
    total = 0.0
    for slot, weight in enumerate(WEIGHTS):
        views = first[:, slot], second[:, slot]
        total += weight * 25 * np.mean((views[0] - views[1]) ** 2)
        for x in views:
            covariance = np.atleast_2d(np.cov(x, rowvar=False))
            hinge = np.maximum(0, 1 - np.sqrt(np.diag(covariance) + 1e-4))
            squares = np.sum(covariance**2) - np.sum(np.diag(covariance) ** 2)
            total += weight * (25 * hinge.mean() + squares / x.shape[1]) / 2
    return total


CASES = {"slots": Case(loss, oracle, {"first": FIRST, "second": SECOND})}


class TestContract(LossContract):
    pass


def test_one_slot_is_vicreg_with_half_the_covariance():
    terms = matched_vicreg_terms(FIRST[:, :1], SECOND[:, :1], np.ones(1, "float32"))
    plain = vicreg_terms(FIRST[:, 0], SECOND[:, 0])
    for name, share in (("invariance", 1), ("variance", 1), ("covariance", 0.5)):
        assert_close(terms[name], share * np.asarray(plain[name]), SUM)


def test_each_place_is_matched_with_its_nearest_and_the_closest_are_kept():
    distances = np.array([[[3.0, 5, 9], [4, 1, 8], [7, 6, 2], [9, 8, 7]]], "float32")
    kept, nearest = nearest_matches(distances)
    np.testing.assert_array_equal(kept, [[0, 1, 2, 3]])
    np.testing.assert_array_equal(nearest, [[0, 1, 2, 2]])
    kept, nearest = nearest_matches(distances, 2)
    np.testing.assert_array_equal(kept, [[1, 2]])
    np.testing.assert_array_equal(nearest, [[1, 2]])


@pytest.mark.parametrize("count", [0, 5])
def test_no_more_matches_are_kept_than_there_are(count):
    with pytest.raises(ValueError, match=f"{count} matches of 4 places"):
        nearest_matches(np.zeros((1, 4, 3), "float32"), count)


def test_distances_are_those_of_all_pairs():
    far = FIRST + 100
    expected = np.sum((FIRST[:, :, None] - SECOND[:, None]) ** 2, axis=-1)
    assert_close(place_distances(FIRST, SECOND), expected, SUM)
    assert_close(place_distances(far, SECOND + 100), expected, SUM, scale=np.abs(far).max() * 8)
    points = FIRST[..., :2]
    expected = np.sum((points[:, :, None] - SECOND[:, None, :, :2]) ** 2, axis=-1)
    assert_close(center_distances(points, SECOND[..., :2]), expected, SUM)
    assert (np.diagonal(center_distances(points, points), axis1=1, axis2=2) == 0).all()


def test_cosines_are_weighed_by_slot():
    lengths = np.linalg.norm(FIRST, axis=-1) * np.linalg.norm(SECOND, axis=-1)
    cosines = np.sum(FIRST * SECOND, axis=-1) / lengths
    assert_close(mean_cosine(FIRST, SECOND, 2 * WEIGHTS), cosines.mean(axis=0) @ WEIGHTS, SUM)
