"""Corruption of arrays: which values are chosen, and what becomes of them."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.masks.corruption import check_corruption, corrupt
from tests.tolerances import STANDARD_ERRORS

X = np.random.default_rng(0).uniform(0.1, 0.9, (60, 50, 2)).astype("float32")
KEY = tf.constant([3, 7], tf.int64)


def corrupted(corruption, amount=0.25, key=KEY, exact=False):
    return [x.numpy() for x in corrupt(tf.constant(X), corruption, amount, key, exact)]


def test_masking_sets_the_chosen_values_to_0_and_leaves_the_others():
    found, chosen = corrupted("masking")
    np.testing.assert_array_equal(found, np.where(chosen == 1, 0, X))
    assert set(np.unique(chosen)) == {0, 1}
    error = np.sqrt(0.25 * 0.75 / X.size)
    assert abs(chosen.mean() - 0.25) < STANDARD_ERRORS * error


def test_salt_and_pepper_are_alike_in_number_and_nowhere_else():
    found, chosen = corrupted("salt_and_pepper")
    np.testing.assert_array_equal(found[chosen == 0], X[chosen == 0])
    salt = found[chosen == 1]
    assert set(np.unique(salt)) == {0, 1}
    assert abs(salt.mean() - 0.5) < STANDARD_ERRORS * 0.5 / np.sqrt(len(salt))


def test_gaussian_noise_is_added_to_all_values():
    found, chosen = corrupted("gaussian", 0.3)
    noise = (found - X).astype("float64") / 0.3
    assert (chosen == 1).all()
    assert abs(noise.mean()) < STANDARD_ERRORS / np.sqrt(X.size)
    assert abs(noise.var() - 1) < STANDARD_ERRORS * np.sqrt(2 / X.size)


@pytest.mark.parametrize("corruption", ["masking", "salt_and_pepper"])
def test_exactly_the_share_is_chosen_where_that_is_asked(corruption):
    for key in ((0, 1), (0, 2)):
        _, chosen = corrupted(corruption, 0.3, tf.constant(key, tf.int64), exact=True)
        assert chosen.sum() == round(0.3 * X.size)


@pytest.mark.parametrize("corruption", ["masking", "salt_and_pepper", "gaussian", "none"])
def test_nothing_is_changed_by_an_amount_of_0(corruption):
    np.testing.assert_array_equal(corrupted(corruption, 0.0)[0], X)


def test_the_key_settles_the_draws():
    np.testing.assert_array_equal(corrupted("masking")[0], corrupted("masking")[0])
    other = corrupted("masking", key=tf.constant([3, 8], tf.int64))
    assert not np.array_equal(corrupted("masking")[0], other[0])


def test_amounts_that_do_not_fit_are_refused():
    check_corruption("gaussian", 1.5)
    for wrong in (("masking", 1.5), ("gaussian", -0.1), ("blur", 0.1)):
        with pytest.raises(ValueError, match=r"amount=|corruption must be"):
            check_corruption(*wrong)
