"""Codes shifted by one, labels at the start, and which places see which."""

import keras
import numpy as np
import pytest

from mmssl.layers import FactoredMask, ShiftedCodes, StartLabels
from tests.tolerances import ROUNDING, assert_close


def test_each_place_has_the_code_before_it_and_the_first_the_start():
    keras.utils.set_random_seed(0)
    layer, codes = ShiftedCodes(5, 3), np.array([[4, 0, 2], [1, 1, 1]], "int32")
    found, table = np.asarray(layer(codes)), layer.table.numpy()
    np.testing.assert_array_equal(found, table[[[5, 4, 0], [5, 1, 1]]])


def test_labels_are_added_at_the_first_place_alone():
    keras.utils.set_random_seed(0)
    layer, x = StartLabels((3, 2)), np.zeros((2, 4, 5), "float32")
    labels = np.array([[2, 1], [0, 0]], "int32")
    found, table = np.asarray(layer([x, labels])), layer.table.numpy()
    assert_close(found[:, 0], [table[2] + table[4], table[0] + table[3]], ROUNDING)
    assert not found[:, 1:].any()


SEEN = {  # of place 5 in rows of three
    "dense": [0, 1, 2, 3, 4, 5],
    "row": [3, 4, 5],
    "column": [2, 5],
    "previous_row": [0, 1, 2],
}


@pytest.mark.parametrize("pattern", SEEN)
def test_a_place_sees_what_its_pattern_says(pattern):
    layer = FactoredMask(pattern, 9, 3)
    [visible] = np.asarray(layer(np.zeros((1, 9, 1), "float32")))
    assert np.flatnonzero(visible[5]).tolist() == SEEN[pattern]
    assert visible[0].tolist() == [True] + 8 * [False]
    assert not np.triu(visible, 1).any()
    np.testing.assert_array_equal(np.asarray(layer.at(5))[0, 0], visible[5])


def test_rows_must_fill_the_sequence():
    with pytest.raises(ValueError, match="row=4"):
        FactoredMask("row", 9, 4)
