import numpy as np
import pytest

from mmssl.layers import patch_statistics, patchify, unpatchify
from tests.tolerances import ROUNDING, SUM, assert_close


def images():
    return np.random.default_rng(0).random((2, 12, 12, 3)).astype("float32")


def test_joining_the_patches_gives_the_images():
    np.testing.assert_array_equal(unpatchify(patchify(images(), 4), 4, columns=3), images())
    tall = images()[..., :1][:, :, :8]
    np.testing.assert_array_equal(unpatchify(patchify(tall, 4), 4, columns=2), tall)


def test_patches_come_row_by_row_and_so_do_their_pixels():
    patches = np.asarray(patchify(images(), 4))
    assert patches.shape == (2, 9, 48)
    for number in range(9):
        row, column = 4 * (number // 3), 4 * (number % 3)
        expected = images()[:, row : row + 4, column : column + 4].reshape(2, 48)
        np.testing.assert_array_equal(patches[:, number], expected)


@pytest.mark.parametrize("count", [48, 768])
def test_the_variance_is_the_unbiased_one(count):
    patches = np.random.default_rng(1).normal(2, 3, (5, count)).astype("float32")
    mean, deviation = patch_statistics(patches)
    assert_close(mean, patches.mean(axis=-1, keepdims=True, dtype="float64"), SUM)
    expected = patches.astype("float64").std(axis=-1, keepdims=True, ddof=1)
    assert_close(deviation, expected, SUM)
    # The card's 0.979167 and 0.998698.
    normalized = (patches - mean) / deviation
    assert_close(np.mean(np.square(normalized)), (count - 1) / count, SUM)


def test_a_flat_patch_is_divided_by_the_root_of_a_millionth():
    _, deviation = patch_statistics(np.ones((1, 48), "float32"))
    assert_close(deviation, [[1e-3]], ROUNDING)
