import numpy as np

from mmssl.losses.uniform_divergence import uniform_divergence
from tests.tolerances import SUM, assert_close


def test_it_is_the_formula():
    logits = np.random.default_rng(0).normal(0, 2, (3, 4, 5)).astype("float32")
    q = np.exp(logits.astype("float64"))
    q /= q.sum(axis=-1, keepdims=True)
    found = uniform_divergence(logits)
    assert found.shape == (3, 4)
    assert_close(found, np.log(5) + (q * np.log(q)).sum(axis=-1), SUM)


def test_equal_logits_are_uniform_and_one_that_has_all_is_the_logarithm_of_their_number():
    assert_close(uniform_divergence(np.full((2, 8), 3.0, "float32")), 0, SUM, scale=np.log(8))
    assert_close(uniform_divergence(1e4 * np.eye(8, dtype="float32")), np.log(8), SUM)


def test_a_shift_of_all_logits_changes_nothing():
    logits = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    assert_close(uniform_divergence(logits + 7), uniform_divergence(logits), SUM)
