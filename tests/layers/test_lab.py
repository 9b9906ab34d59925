import warnings

import numpy as np
import pytest

from mmssl.layers.lab import lab_to_rgb, rgb_to_lab, rgb_to_lightness
from tests.tolerances import NETWORK, SUM, assert_close, assert_within


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


def tensorflow_ios(rgb):
    with warnings.catch_warnings():
        # It warns of compiled operations that this function does without.
        warnings.simplefilter("ignore", UserWarning)
        import tensorflow_io

    return tensorflow_io.experimental.color.rgb_to_lab(rgb).numpy()


def test_lab_is_tensorflow_ios_but_for_the_last_digit_of_the_white_point():
    rgb = np.random.default_rng(0).random((20000, 3)).astype("float32")
    # Their white point has a digit less.
    assert_close(rgb_to_lab(rgb), tensorflow_ios(rgb), NETWORK)
    bright = 0.2 + 0.8 * rgb  # where Lab has cube roots, and a white point is a factor of each
    lightness, a, b = tensorflow_ios(bright).astype("float64").T
    y = (lightness + 16) / 116
    x = (y + a / 500) * np.cbrt(0.95047 / 0.950456)
    z = (y - b / 200) * np.cbrt(1.08883 / 1.088754)
    expected = np.stack([lightness, 500 * (x - y), 200 * (y - z)], axis=-1)
    assert_close(rgb_to_lab(bright), expected, SUM)


def test_grey_has_no_color():
    grey = np.linspace(0, 1, 256, dtype="float32")[:, None].repeat(3, axis=-1)
    assert_close(np.asarray(rgb_to_lab(grey))[:, 1:], 0, SUM, scale=100)
