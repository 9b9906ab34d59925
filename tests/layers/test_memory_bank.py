"""The memory of a vector of each element."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.layers import MemoryBank
from tests.tolerances import SUM, assert_close

INDICES = np.array([4, 1], "int32")
ROWS = np.array([[3.0, 4.0], [0.0, -2.0]], "float32")


def bank_of(momentum=0.5):
    keras.utils.set_random_seed(0)
    return MemoryBank(6, 2, momentum)


def test_an_update_moves_the_named_vectors_and_no_other():
    bank = bank_of()
    before = bank.vectors.numpy()
    bank.write(INDICES, ROWS)
    after = bank.vectors.numpy()
    moved = 0.5 * before[INDICES] + 0.5 * ROWS
    assert_close(after[INDICES], moved / np.linalg.norm(moved, axis=1, keepdims=True), SUM)
    assert_close(np.linalg.norm(after[INDICES], axis=1), np.ones(2), SUM)
    others = [0, 2, 3, 5]
    np.testing.assert_array_equal(after[others], before[others])


def test_momentum_1_keeps_the_direction_and_0_replaces_the_vector():
    kept, replaced = bank_of(1.0), bank_of(0.0)
    before = kept.vectors.numpy()[INDICES]
    for bank in (kept, replaced):
        bank.write(INDICES, ROWS)
    assert_close(kept.look_up(INDICES), before / np.linalg.norm(before, axis=1, keepdims=True), SUM)
    assert_close(replaced.look_up(INDICES), [[0.6, 0.8], [0.0, -1.0]], SUM)


def test_the_first_vectors_have_about_length_1():
    keras.utils.set_random_seed(0)
    vectors = MemoryBank(200, 48).vectors.numpy()
    assert np.abs(vectors).max() <= np.sqrt(3 / 48)
    assert 0.9 < np.linalg.norm(vectors, axis=1).mean() < 1.1


def test_no_gradient_flows_into_the_memory():
    bank = bank_of()
    rows = tf.constant(ROWS)
    with tf.GradientTape() as tape:
        tape.watch([bank.vectors.value, rows])
        bank.write(INDICES, rows)
        total = tf.reduce_sum(bank.look_up(INDICES))
    assert tape.gradient(total, [bank.vectors.value, rows]) == [None, None]
    assert bank.trainable_variables == []


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="size=0"):
        MemoryBank(0, 2)
    with pytest.raises(ValueError, match=r"momentum=1\.5"):
        bank_of(1.5)
