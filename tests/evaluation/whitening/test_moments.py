import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from mmssl.evaluation.whitening.moments import Moments
from tests.tolerances import SUM, TRAINING, assert_close


def added(vectors, batch):
    moments = Moments()
    for start in range(0, len(vectors), batch):
        moments.add(vectors[start : start + batch])
    return moments


def sorted_vectors(count, width=12):
    """Correlated vectors far from the origin, in an order in which no batch is like the whole."""
    rng = np.random.default_rng(count)
    vectors = rng.normal(size=(count, width)) @ rng.normal(size=(width, width))
    return np.sort(vectors, axis=0) + 50 * rng.normal(size=width)


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_mean_and_covariance_are_those_of_all_vectors_at_once(batch):
    vectors = sorted_vectors(200)
    moments = added(vectors, batch)
    assert moments.count == 200
    assert_close(moments.mean, vectors.mean(axis=0), SUM, dtype="float64")
    assert_close(moments.covariance, np.cov(vectors.T, bias=True), TRAINING, dtype="float64")


@pytest.mark.parametrize("count", [3, 12, 500])
def test_the_shrinkage_is_that_of_scikit_learn(count):
    vectors = sorted_vectors(count)
    _, expected = ledoit_wolf(vectors)
    assert_close(added(vectors, 5).shrinkage(), expected, TRAINING, dtype="float64")


def test_float32_far_from_the_origin_costs_no_digits_of_the_covariance():
    vectors = np.random.default_rng(0).normal(size=(300, 4)).astype("float32")
    far = (vectors + np.float32(2**14)).astype("float32")
    expected = np.cov(far.astype("float64").T, bias=True)
    assert_close(added(far, 64).covariance, expected, TRAINING, dtype="float64")


@pytest.mark.parametrize("vectors", [np.ones((5, 3)), np.ones((1, 3))], ids=["equal", "single"])
def test_vectors_that_do_not_differ_are_shrunk_entirely(vectors):
    moments = added(vectors, 2)
    assert moments.shrinkage() == 1.0
    assert not moments.covariance.any()
