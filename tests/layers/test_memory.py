"""The memory of the newest vector of every item."""

import numpy as np
import pytest

from mmssl.layers import VectorMemory


def test_items_of_a_batch_are_replaced_and_no_others():
    memory = VectorMemory(5, 2)
    np.testing.assert_array_equal(memory.seen(), [False] * 5)
    first = np.arange(1, 5, dtype="float32").reshape(2, 2)
    memory.write(np.array([3, 0]), first)
    memory.write(np.array([0]), first[:1] + 10)
    expected = np.zeros((5, 2))
    expected[3], expected[0] = first[0], first[0] + 10
    np.testing.assert_array_equal(memory.vectors, expected)
    np.testing.assert_array_equal(memory.seen(), [True, False, False, True, False])
    assert memory.trainable_weights == []


def test_a_memory_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"size=0, width=2\) must be 1 or more"):
        VectorMemory(0, 2)
