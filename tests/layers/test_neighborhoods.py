"""Blocks with margins against windows that are looked for one by one, and tables by rows."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.layers import VectorTable, in_blocks, neighbors, with_margins

LENGTH, SIZE, REACH = 12, 4, 3


def test_margins_are_what_stands_before_and_after_a_block():
    x = 1 + np.arange(2 * LENGTH).reshape(2, LENGTH)
    padded = np.pad(x, ((0, 0), (REACH, REACH)))
    found = np.asarray(with_margins(in_blocks(x, SIZE), REACH))
    for block in range(LENGTH // SIZE):
        begin = block * SIZE
        np.testing.assert_array_equal(found[:, block], padded[:, begin : begin + SIZE + 2 * REACH])


@pytest.mark.parametrize("size", [3, 4, 12])
def test_neighbors_lie_within_the_radius_and_in_the_same_sentence(size):
    rng = np.random.default_rng(0)
    radius = rng.integers(0, REACH + 1, (3, LENGTH)).astype("int32")
    groups = 1 + np.cumsum(rng.random((3, LENGTH)) < 0.3, axis=1, dtype="int32")
    groups[1, 8:] = 0
    found = np.asarray(neighbors(radius, groups, size, REACH))
    for row, place in np.ndindex(3, LENGTH):
        near = found[row, place // size, place % size]
        begin = place // size * size - REACH
        for column, value in enumerate(near):
            other = begin + column
            expected = (
                0 <= other < LENGTH
                and 0 < abs(other - place) <= radius[row, place]
                and groups[row, other] == groups[row, place] > 0
            )
            assert value == expected


def test_a_table_reads_rows_and_its_gradient_is_of_these():
    table = VectorTable(5, 3)
    table.build()
    ids = np.array([[4, 1], [1, 4]], "int32")
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(table(ids))
    np.testing.assert_array_equal(table(ids), np.asarray(table.embeddings)[ids])
    slices = tape.gradient(total, table.embeddings.value)
    assert isinstance(slices, tf.IndexedSlices)
    np.testing.assert_array_equal(tf.convert_to_tensor(slices)[:, 0], [0, 2, 0, 0, 2])


@pytest.mark.bfloat16
def test_a_table_stays_in_full_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    assert VectorTable(5, 3)(np.zeros((1, 2), "int32")).dtype == "float32"
