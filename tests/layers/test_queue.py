import keras
import numpy as np
import pytest

from mmssl.layers import VectorQueue
from tests.tolerances import ROUNDING, assert_close


def rows(start, count):
    return np.arange(start, start + count, dtype="float32")[:, None] * np.ones(3, "float32")


def test_it_begins_with_vectors_of_length_one_that_a_seed_settles():
    keras.utils.set_random_seed(0)
    queue = VectorQueue(16, 3)
    keras.utils.set_random_seed(0)
    again = VectorQueue(16, 3)
    assert_close(np.linalg.norm(queue.vectors.numpy(), axis=1), 1, ROUNDING)
    np.testing.assert_array_equal(queue.vectors.numpy(), again.vectors.numpy())


def test_the_newest_vectors_are_kept_in_order():
    queue = VectorQueue(5, 3)
    queue.push(rows(0, 2))
    np.testing.assert_array_equal(queue.vectors.numpy()[-2:], rows(0, 2))
    queue.push(rows(2, 3))
    np.testing.assert_array_equal(queue.vectors.numpy(), rows(0, 5))
    queue.push(rows(5, 2))
    np.testing.assert_array_equal(queue.vectors.numpy(), rows(2, 5))
    queue.push(rows(7, 5))
    np.testing.assert_array_equal(queue.vectors.numpy(), rows(7, 5))


def test_it_gives_no_gradient_and_is_saved_with_a_model():
    queue = VectorQueue(5, 3)
    assert queue.trainable_variables == []
    assert [v.name for v in queue.weights] == ["vectors"]


def test_a_batch_that_does_not_fit_and_a_queue_without_room_are_refused():
    with pytest.raises(ValueError, match="queue of 5 vectors is smaller than a batch of 6"):
        VectorQueue(5, 3).push(rows(0, 6))
    with pytest.raises(ValueError, match=r"VectorQueue\(size=0\) must be 1 or more"):
        VectorQueue(0, 3)


def test_the_rows_of_all_replicas_are_kept_in_their_order(monkeypatch):
    queue = VectorQueue(5, 3)
    monkeypatch.setattr("mmssl.distribution.gather", lambda x: np.concatenate([x, x + 2]))
    queue.push(rows(0, 2))
    np.testing.assert_array_equal(queue.vectors.numpy()[1:], rows(0, 4))
