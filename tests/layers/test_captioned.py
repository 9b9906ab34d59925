"""Paddings with ids of their own, positions of texts and cells, and the mean over a picture."""

import numpy as np

from mmssl.layers import Begun, CaptionedPositions, LastTokensMean, OwnPadding
from tests.tolerances import SUM, assert_close


def test_each_position_has_a_padding_of_its_own():
    ids = np.array([[5, 0, 3, 0], [0, 0, 0, 0]], "int32")
    mask = np.array([[1, 1, 0, 0], [0, 0, 0, 0]], "int32")
    assert np.asarray(OwnPadding(10)(ids, mask)).tolist() == [[5, 0, 12, 13], [10, 11, 12, 13]]


def test_texts_have_positions_and_cells_those_of_their_row_and_column():
    layer = CaptionedPositions(2, 2, 3)
    zeros = np.zeros((1, 8, 4), "float32")
    found = np.asarray(layer(zeros))[0]
    text, row, column = (np.asarray(x) for x in layer.tables.values())
    assert (text.shape, row.shape, column.shape) == ((2, 4), (2, 4), (3, 4))
    np.testing.assert_array_equal(found[:2], text)
    assert_close(found[2:].reshape(2, 3, 4), row[:, None] + column, SUM)
    np.testing.assert_array_equal(np.asarray(layer(zeros[:, :3], index=4))[0], found[4:7])


def test_parts_are_joined_behind_what_begins_them():
    layer, parts = Begun(), [np.ones((2, 1, 3), "float32"), np.full((2, 2, 3), 5, "float32")]
    found = np.asarray(layer(parts))
    assert found[:, 1:, 0].tolist() == [[1, 5, 5]] * 2
    np.testing.assert_array_equal(found[:, 0], np.stack(2 * [layer.start]))


def test_a_picture_is_the_mean_of_the_last_tokens():
    tokens = np.arange(8, dtype="float32").reshape(1, 4, 2)
    assert np.asarray(LastTokensMean(2)(tokens)).tolist() == [[5, 6]]
