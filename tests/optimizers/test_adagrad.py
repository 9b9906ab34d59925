"""Adagrad by rows against its formula, and SGD that leaves other rows alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.distribution import sum_joined
from mmssl.optimizers import SparseAdagrad
from mmssl.optimizers.build import build_optimizer
from mmssl.runs.fit import Fit
from tests.tolerances import SUM, assert_close

ROWS = np.array([3, 1, 3, 3, 0], np.int32)


def sparse_fit(**settings):
    return Fit(steps=1, clip_norm=None, weight_decay=0, momentum=0, **settings)


def gradients(steps=3):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(len(ROWS), 2)).astype("float32") for _ in range(steps)]


def table():
    return keras.Variable(np.arange(10, dtype="float32").reshape(5, 2))


def moved(fit, sparse):
    """The table after some steps, with gradients of rows that occur several times."""
    weights = table()
    optimizer = build_optimizer(fit, [weights], 0.1, 0.0)
    for values in gradients():
        slices = tf.IndexedSlices(tf.constant(values), tf.constant(ROWS), tf.constant([5, 2]))
        optimizer.apply_gradients(zip(sum_joined([slices], sparse), [weights], strict=True))
    return np.asarray(weights)


def test_adagrad_divides_by_the_root_of_the_sum_of_squares():
    expected, total = np.asarray(table(), "float64"), np.full((5, 2), 0.01)
    for values in gradients():
        gradient = np.zeros((5, 2))
        np.add.at(gradient, ROWS, values)
        total += gradient**2
        expected -= 0.1 * gradient / np.sqrt(total)
    fit = sparse_fit(optimizer="adagrad", initial_accumulator=0.01)
    for sparse in (False, True):
        assert_close(moved(fit, sparse), expected, SUM)


@pytest.mark.parametrize("name", ["adagrad", "sgd"])
def test_rows_alone_are_moved_as_the_whole_table_is(name):
    fit = sparse_fit(optimizer=name)
    one, other = moved(fit, sparse=True), moved(fit, sparse=False)
    assert_close(one, other, SUM)
    np.testing.assert_array_equal(one[[2, 4]], np.asarray(table())[[2, 4]])
    assert (one[[0, 1, 3]] != np.asarray(table())[[0, 1, 3]]).all()


def test_rows_of_one_index_are_added_up_and_sparse_gradients_stay_sparse():
    values = gradients()[0]
    slices = tf.IndexedSlices(tf.constant(values), tf.constant(ROWS), tf.constant([5, 2]))
    joined, none, scalar = sum_joined([slices, None, tf.constant(2.0)], sparse=True)
    assert none is None
    assert float(scalar) == 2
    assert sorted(joined.indices.numpy()) == [0, 1, 3]
    assert_close(tf.convert_to_tensor(joined), tf.convert_to_tensor(slices), SUM)
    assert isinstance(sum_joined([slices])[0], tf.Tensor)


def test_a_clipped_gradient_has_the_norm_of_its_distinct_rows():
    fit = Fit(steps=1, optimizer="sgd", momentum=0, weight_decay=0, clip_norm=0.5)
    one, other = moved(fit, sparse=True), moved(fit, sparse=False)
    assert_close(one, other, SUM)


def test_adagrad_is_saved_with_its_settings():
    optimizer = SparseAdagrad(0.3, initial_accumulator=0.7)
    again = SparseAdagrad.from_config(optimizer.get_config())
    assert again.initial_accumulator == 0.7
    with pytest.raises(ValueError, match="initial_accumulator"):
        SparseAdagrad(initial_accumulator=0)


def test_a_recipe_with_adagrad_and_decay_is_refused():
    with pytest.raises(ValueError, match="adagrad has no weight decay"):
        Fit(steps=1, optimizer="adagrad")
