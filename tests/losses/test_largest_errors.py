import numpy as np

from mmssl.losses.largest_errors import largest_squared_errors
from tests.tolerances import SUM, assert_close


def test_the_largest_errors_of_each_example_count_and_no_others():
    target = np.zeros((2, 5), "float32")
    outputs = np.float32([[1, -3, 0, 2, 0.5], [0, 0, 4, 0, 1]])
    assert_close(largest_squared_errors(target, outputs, 2), [(9 + 4) / 2, (16 + 1) / 2], SUM)
    assert_close(largest_squared_errors(target, outputs, 5), (outputs**2).mean(axis=1), SUM)
