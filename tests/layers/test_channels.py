"""Channels of pictures and maps, taken apart."""

import itertools

import numpy as np

from mmssl.layers import LabChannels, SplitChannels, TakeChannels, rgb_to_lab
from tests.tolerances import SUM, assert_close


def test_lab_channels_are_scaled_and_others_stay():
    images = np.random.default_rng(0).random((2, 3, 4, 5), "float32")
    scaled = np.asarray(LabChannels()(images))
    lab = np.asarray(rgb_to_lab(images[..., :3]))
    assert_close(scaled[..., 0], lab[..., 0] / 100, SUM)
    assert_close(scaled[..., 1], (lab[..., 1] + 86.183) / (86.183 + 98.233), SUM)
    assert_close(scaled[..., 2], (lab[..., 2] + 107.857) / (107.857 + 94.478), SUM)
    np.testing.assert_array_equal(scaled[..., 3:], images[..., 3:])


def test_the_corners_of_the_color_cube_reach_the_ends_of_the_range():
    corners = np.array(list(itertools.product([0, 1], repeat=3)), "float32")[None, None]
    scaled = np.asarray(LabChannels()(corners)).reshape(8, 3)
    # The constants have three decimals, of ranges of a hundred and more.
    np.testing.assert_array_equal(np.round(scaled.min(axis=0), 4), [0, 0, 0])
    np.testing.assert_array_equal(np.round(scaled.max(axis=0), 4), [1, 1, 1])


def test_channels_are_taken_in_the_order_they_are_named():
    x = np.arange(2 * 4).reshape(2, 4)
    np.testing.assert_array_equal(TakeChannels([2, 0, 2])(x), x[:, [2, 0, 2]])


def test_parts_of_the_channels_lie_next_to_each_other():
    x = np.arange(2 * 6).reshape(2, 6).astype("float32")
    parts = SplitChannels([1, 3, 2])(x)
    for part, expected in zip(parts, np.split(x, [1, 4], axis=1), strict=True):
        np.testing.assert_array_equal(part, expected)
