import numpy as np
import pytest

from mmssl.evaluation.whitening.fit import LEAST_SHRINKAGE, fit_whitening, spectrum
from mmssl.evaluation.whitening.moments import Moments
from tests.tolerances import NETWORK, TRAINING, assert_close, assert_within, deviation_margin


def moments_of(vectors):
    moments = Moments()
    moments.add(vectors)
    return moments


def stretched(count, scales, seed=0):
    """Vectors of known standard deviations along turned axes, far from the origin."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(len(scales), len(scales))))
    return (rng.normal(size=(count, len(scales))) * scales) @ turn + 5


def test_whitened_vectors_have_mean_zero_no_correlations_and_no_variance_above_the_others():
    vectors = stretched(20000, [10, 3, 1, 0.5])
    white = fit_whitening(moments_of(vectors))(vectors.astype("float32")).astype("float64")
    variances, mean = np.square([10, 3, 1, 0.5]), np.square([10, 3, 1, 0.5]).mean()
    expected = np.diag(variances / ((1 - LEAST_SHRINKAGE) * variances + LEAST_SHRINKAGE * mean))
    assert_within(white.mean(axis=0), 0, 1e-4)  # of float32
    assert_within(np.cov(white.T, bias=True), expected, 4 * deviation_margin(20000))


def test_the_first_components_are_the_directions_of_largest_variance():
    vectors = stretched(5000, [8, 4, 2, 1, 0.5])
    whitening = fit_whitening(moments_of(vectors), components=2)
    _, _, expected = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    found = whitening.kernel / np.linalg.norm(whitening.kernel, axis=0)
    assert whitening.kernel.shape == (5, 2)
    assert_close(np.abs(expected[:2] @ found), np.eye(2), NETWORK)


STEEP, FLAT = [9] + [0.1] * 7, [4, 2, 1, 0.1]


@pytest.mark.parametrize(
    ("count", "scales", "share"),
    [
        (3000, FLAT, lambda moments: 0.1),
        (20, FLAT, Moments.shrinkage),
        (20, STEEP, lambda moments: 8 / 40),
        (2, STEEP, lambda moments: 1.0),
    ],
    ids=["tenth", "Ledoit-Wolf", "dimensions", "whole"],
)
def test_variances_are_shrunk_by_a_tenth_or_as_few_vectors_ask_for(count, scales, share):
    moments = moments_of(stretched(count, scales))
    variances, _ = spectrum(moments)
    share = share(moments)
    shrunk = (1 - share) * variances + share * variances.mean()
    found = np.linalg.norm(fit_whitening(moments).kernel, axis=0)
    assert_close(found, 1 / np.sqrt(shrunk[: len(found)]), NETWORK)


def test_directions_have_a_sign_that_no_library_chooses():
    _, directions = spectrum(moments_of(stretched(100, [3, 2, 1])))
    assert (directions[np.abs(directions).argmax(axis=0), range(3)] > 0).all()
    assert_close(directions.T @ directions, np.eye(3), TRAINING, dtype="float64")


def test_directions_that_do_not_vary_are_left_out():
    flat = np.concatenate([stretched(400, [2, 1]), np.full((400, 3), 7.0)], axis=1)
    rounded = flat + np.random.default_rng(0).uniform(-1, 1, flat.shape) * 1e-7
    for vectors in (flat, rounded):
        whitening = fit_whitening(moments_of(vectors))
        assert whitening.kernel.shape == (5, 2)
        assert np.isfinite(whitening(vectors.astype("float32"))).all()


@pytest.mark.parametrize(("count", "kept"), [(2, 1), (3, 2), (9, 6), (40, 6)])
def test_few_vectors_give_few_components_and_finite_ones(count, kept):
    vectors = stretched(count, [5, 4, 3, 2, 1, 0.5])
    whitening = fit_whitening(moments_of(vectors))
    assert whitening.kernel.shape == (6, kept)
    assert np.isfinite(whitening.kernel).all()


@pytest.mark.parametrize("vectors", [np.full((9, 3), 2.5), np.zeros((4, 2))])
def test_vectors_that_do_not_vary_have_no_whitening(vectors):
    assert fit_whitening(moments_of(vectors)) is None
