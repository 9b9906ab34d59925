import numpy as np

from mmssl.layers import SegmentIds


def test_segments_change_after_the_first_separator_and_stay():
    tokens = np.array([[2, 9, 9, 3, 8, 3, 0], [2, 9, 3, 0, 0, 0, 0]], "int32")
    expected = [[0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1]]
    np.testing.assert_array_equal(SegmentIds(3)(tokens), expected)
