import numpy as np
import pytest

from mmssl.layers import ColorBins
from mmssl.layers.color_bins import gamut_bins
from mmssl.layers.lab import rgb_to_lab
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close


def test_rounding_srgb_to_a_grid_of_ten_gives_261_bins():
    assert gamut_bins(10).shape == (261, 2)


def test_every_color_of_the_gamut_rounds_to_a_bin():
    rgb = np.random.default_rng(0).random((20000, 3)).astype("float32")
    rounded = np.rint(np.asarray(rgb_to_lab(rgb))[:, 1:] / 10) * 10
    assert {tuple(point) for point in rounded} <= {tuple(point) for point in gamut_bins(10)}


@pytest.mark.parametrize(("neighbours", "weight"), [(10, 0.619218), (5, 0.648786)])
def test_an_inner_bin_centre_keeps_the_weight_that_the_formula_gives(neighbours, weight):
    bins, weights = ColorBins(neighbours=neighbours).encode(np.zeros((1, 2), "float32"))
    assert_close(weights[0, 0], weight, SUM)
    assert_close(np.sum(weights), 1, ROUNDING)
    assert tuple(gamut_bins(10)[bins[0, 0]]) == (0, 0)


def test_soft_encoding_equals_the_formula():
    rng = np.random.default_rng(0)
    ab = rng.uniform(-60, 60, (50, 2)).astype("float32")
    centres = gamut_bins(10)
    distance = np.square(ab[:, None] - centres).sum(-1)
    nearest = np.argsort(distance, axis=1)[:, :10]
    share = np.exp(-np.take_along_axis(distance, nearest, 1) / (2 * 5.0**2))
    bins, weights = ColorBins().encode(ab)
    np.testing.assert_array_equal(np.sort(bins, 1), np.sort(nearest, 1))
    assert_close(weights, share / share.sum(1, keepdims=True), NETWORK)


def test_rebalancing_follows_the_formula_and_averages_to_one():
    layer = ColorBins()
    frequencies = np.zeros(len(layer))
    frequencies[:2] = 0.9, 0.1
    layer.set_frequencies(frequencies, uniform_share=0.5)
    rarity = np.asarray(layer.rarity)
    q = len(layer)
    expected = 1 / (0.5 * frequencies + 0.5 / q)
    assert_close(rarity, expected / (frequencies * expected).sum(), SUM)
    assert_close((frequencies * rarity).sum(), 1, SUM)


def test_a_uniform_share_of_one_turns_rebalancing_off():
    layer = ColorBins()
    frequencies = np.random.default_rng(0).dirichlet(np.ones(len(layer)))
    layer.set_frequencies(frequencies, uniform_share=1)
    assert_close(np.asarray(layer.rarity), 1, SUM)


def test_the_annealed_mean_sharpens_as_the_formula_says():
    layer = ColorBins()
    logits = np.full((1, len(layer)), -1e9, "float32")
    logits[0, :2] = np.log([0.8, 0.2])
    first, second = layer.centres[:2]
    for temperature, share in ((0.38, 0.974621), (1.0, 0.8)):
        expected = share * first + (1 - share) * second
        assert_close(layer.decode(logits, temperature)[0], expected, SUM)
