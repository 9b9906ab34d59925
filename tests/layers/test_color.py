import colorsys
import warnings

import numpy as np
import pytest

from mmssl.layers import ColorBins, hue_and_chroma, lab_to_rgb, rgb_of_hue, rgb_to_lab
from mmssl.layers.color import gamut_bins, rgb_to_lightness
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close, assert_within


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


def test_gray_has_no_color():
    gray = np.linspace(0, 1, 256, dtype="float32")[:, None].repeat(3, axis=-1)
    assert_close(np.asarray(rgb_to_lab(gray))[:, 1:], 0, SUM, scale=100)


def test_rounding_srgb_to_a_grid_of_ten_gives_261_bins():
    assert gamut_bins(10).shape == (261, 2)


def test_every_color_of_the_gamut_rounds_to_a_bin():
    rgb = np.random.default_rng(0).random((20000, 3)).astype("float32")
    rounded = np.rint(np.asarray(rgb_to_lab(rgb))[:, 1:] / 10) * 10
    assert {tuple(point) for point in rounded} <= {tuple(point) for point in gamut_bins(10)}


@pytest.mark.parametrize(("neighbors", "weight"), [(10, 0.619218), (5, 0.648786)])
def test_an_inner_bin_center_keeps_the_weight_that_the_formula_gives(neighbors, weight):
    bins, weights = ColorBins(neighbors=neighbors).encode(np.zeros((1, 2), "float32"))
    assert_close(weights[0, 0], weight, SUM)
    assert_close(np.sum(weights), 1, ROUNDING)
    assert tuple(gamut_bins(10)[bins[0, 0]]) == (0, 0)


def test_soft_encoding_equals_the_formula():
    rng = np.random.default_rng(0)
    ab = rng.uniform(-60, 60, (50, 2)).astype("float32")
    centers = gamut_bins(10)
    distance = np.square(ab[:, None] - centers).sum(-1)
    nearest = np.argsort(distance, axis=1)[:, :10]
    share = np.exp(-np.take_along_axis(distance, nearest, 1) / (2 * 5.0**2))
    bins, weights = ColorBins().encode(ab)
    np.testing.assert_array_equal(np.sort(bins, 1), np.sort(nearest, 1))
    assert_close(weights, share / share.sum(1, keepdims=True), NETWORK)


def test_rebalancing_follows_the_formula_and_averages_to_one():
    layer = ColorBins()
    frequencies = np.zeros(len(layer))
    frequencies[:2] = 0.9, 0.1
    layer.set_frequencies(frequencies, uniform_weight=0.5)
    rarity = np.asarray(layer.rarity)
    q = len(layer)
    expected = 1 / (0.5 * frequencies + 0.5 / q)
    assert_close(rarity, expected / (frequencies * expected).sum(), SUM)
    assert_close((frequencies * rarity).sum(), 1, SUM)


def test_a_uniform_share_of_one_turns_rebalancing_off():
    layer = ColorBins()
    frequencies = np.random.default_rng(0).dirichlet(np.ones(len(layer)))
    layer.set_frequencies(frequencies, uniform_weight=1)
    assert_close(np.asarray(layer.rarity), 1, SUM)


def test_the_annealed_mean_sharpens_as_the_formula_says():
    layer = ColorBins()
    logits = np.full((1, len(layer)), -1e9, "float32")
    logits[0, :2] = np.log([0.8, 0.2])
    first, second = layer.centers[:2]
    for temperature, share in ((0.38, 0.974621), (1.0, 0.8)):
        expected = share * first + (1 - share) * second
        assert_close(layer.decode(logits, temperature)[0], expected, SUM)


def test_hue_and_chroma_are_those_of_hsv():
    rgb = np.random.default_rng(0).random((500, 3)).astype("float32")
    hue, chroma = hue_and_chroma(rgb)
    expected = [colorsys.rgb_to_hsv(*color) for color in rgb.astype("float64")]
    assert_close(hue, [h for h, _, _ in expected], NETWORK)
    assert_close(chroma, np.ptp(rgb, axis=1), ROUNDING)


def test_red_has_hue_0_and_gray_no_chroma():
    rgb = np.float32([[1, 0, 0], [0.3, 0.3, 0.3], [0, 1, 0], [0, 0, 1]])
    hue, chroma = hue_and_chroma(rgb)
    assert_close(hue, [0, 0, 1 / 3, 2 / 3], SUM)
    np.testing.assert_array_equal(chroma, [1, 0, 1, 1])


def test_a_color_is_its_hue_and_chroma_and_some_white():
    rgb = np.random.default_rng(0).random((500, 3)).astype("float32")
    darkest = np.asarray(rgb_of_hue(*hue_and_chroma(rgb)))
    assert_close(darkest + rgb.min(axis=1, keepdims=True), rgb, NETWORK)
