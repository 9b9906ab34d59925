import numpy as np

from mmssl.methods.bases.border_fill import border_fill
from tests.tolerances import ROUNDING, assert_close


def test_a_hole_gets_the_mean_color_of_the_pixels_that_touch_it():
    images = np.zeros((1, 4, 5, 3))
    images[0, 0, 1:3] = [[1, 0, 0], [3, 0, 0]]  # above the hole
    mask = np.zeros((1, 4, 5, 1))
    mask[0, 1, 1:3] = 1
    images[mask[..., 0] == 1] = 9
    filled = border_fill(images, mask)
    assert_close(filled[0, 1, 1:3], [[4 / 6, 0, 0]] * 2, ROUNDING)
    visible = mask[..., 0] == 0
    np.testing.assert_array_equal(filled[visible], images[visible])
    assert (images[mask[..., 0] == 1] == 9).all()


def test_two_holes_have_a_color_each():
    images = np.zeros((1, 3, 9, 3))
    images[:, :, 5:] = 1
    mask = np.zeros((1, 3, 9, 1))
    mask[0, 1, [1, 7]] = 1
    filled = border_fill(images, mask)
    np.testing.assert_array_equal(filled[0, 1, [1, 7]], [[0, 0, 0], [1, 1, 1]])


def test_a_picture_without_a_hole_stays_as_it_is():
    images = np.random.default_rng(0).random((2, 4, 4, 3))
    np.testing.assert_array_equal(border_fill(images, np.zeros((2, 4, 4, 1))), images)
