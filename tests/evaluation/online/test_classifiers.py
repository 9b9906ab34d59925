import numpy as np
import pytest
import tensorflow as tf

from mmssl.evaluation.online.classifiers import OnlineClassifiers
from mmssl.evaluation.probes.knn import knn_predict


def clusters(count, seed=0, width=6):
    """Embeddings (count, width) around three centers far from the origin, and their classes."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 3, count)
    centers = 50 + np.random.default_rng(9).normal(size=(3, width))
    return (centers[codes] + 0.3 * rng.normal(size=(count, width))).astype("float32"), codes


def tensors(rows, codes):
    return tf.constant(rows), tf.constant(codes, tf.int32)


def learned(batches=40, queue=64):
    classifiers = OnlineClassifiers(6, 3, queue)
    for seed in range(batches):
        classifiers.learn(*tensors(*clusters(16, seed)))
    return classifiers


def test_both_learn_what_can_be_told_apart_wherever_it_lies():
    rows, codes = clusters(100, seed=99)
    counts = learned().count(*tensors(rows, codes)).numpy()
    assert (counts >= 90).all()


def test_the_nearest_vote_as_in_the_probe_among_the_newest_alone():
    classifiers = learned(batches=5, queue=40)
    seen = [clusters(16, seed) for seed in range(5)]
    bank, labels = (np.concatenate(parts)[-40:] for parts in zip(*seen, strict=True))
    rows, codes = clusters(50, seed=7)
    expected = np.sum(knn_predict(bank, labels, rows) == codes)
    assert classifiers.count(*tensors(rows, codes))[1] == expected


def test_places_of_the_queue_that_are_still_empty_neither_vote_nor_move_the_mean():
    rows, codes = clusters(24)
    answers = []
    for queue in (24, 60):
        classifiers = OnlineClassifiers(6, 3, queue)
        classifiers.learn(*tensors(rows, codes))
        answers.append(classifiers.count(*tensors(*clusters(60, seed=5))).numpy())
    np.testing.assert_array_equal(*answers)


def test_an_item_of_no_class_is_never_right():
    rows, codes = clusters(30)
    np.testing.assert_array_equal(learned().count(*tensors(rows, -np.ones_like(codes))), [0, 0])


def test_variables_hold_all_that_it_has_learned():
    one, other = learned(), OnlineClassifiers(6, 3, 64)
    for variable, value in zip(other.variables, one.variables, strict=True):
        variable.assign(value)
    for classifiers in (one, other):
        classifiers.learn(*tensors(*clusters(16, seed=50)))
    for variable, value in zip(other.variables, one.variables, strict=True):
        np.testing.assert_array_equal(variable, value)


@pytest.mark.parametrize("name", ["learn", "count"])
def test_batches_of_any_size_are_traced_once(name):
    classifiers = learned(batches=1)
    for count in (16, 7, 1):
        getattr(classifiers, name)(*tensors(*clusters(count)))
    assert getattr(classifiers, name).experimental_get_tracing_count() == 1
