import numpy as np
import pytest

from mmssl.layers.lab import lab_to_rgb, rgb_to_lab, rgb_to_lightness
from tests.tolerances import NETWORK, assert_close, assert_within


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.74, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
        ((0, 0, 0), (0, 0, 0)),
    ],
)
def test_primaries_have_their_published_lab_values(rgb, lab):
    assert_within(rgb_to_lab(np.array(rgb, "float32")), lab, 0.01)


def test_rgb_comes_back_from_lab():
    rgb = np.random.default_rng(0).random((1000, 3)).astype("float32")
    assert_close(lab_to_rgb(rgb_to_lab(rgb)), rgb, NETWORK)


def test_lightness_is_the_first_channel_of_lab():
    rgb = np.random.default_rng(0).random((1000, 3)).astype("float32")
    assert_close(rgb_to_lightness(rgb), rgb_to_lab(rgb)[..., :1], NETWORK)
