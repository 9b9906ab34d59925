"""Models that count: each picture is coded by the others."""

import numpy as np

from mmssl.methods.bases.counted import PRIOR, counted_bits, left_out_bits, png_bits
from tests.tolerances import SUM, assert_close


def test_each_map_is_coded_by_what_was_counted_in_the_others():
    rng = np.random.default_rng(0)
    contexts, symbols = rng.integers(0, 2, (4, 6)), rng.integers(0, 3, (4, 6))
    bits = 0.0
    for one in range(4):
        others = np.arange(4) != one
        for context, symbol in zip(contexts[one], symbols[one], strict=True):
            there = contexts[others] == context
            seen = (there & (symbols[others] == symbol)).sum() + PRIOR
            bits -= np.log2(seen / (there.sum() + 3 * PRIOR))
    assert_close(left_out_bits(contexts, symbols, 3), bits / 24, SUM)


def test_each_model_knows_what_it_is_given():
    places = np.broadcast_to(np.arange(16).reshape(1, 4, 4, 1) % 2, (50, 4, 4, 1))
    found = counted_bits(places, 2)
    assert found["histogram_bits"] > 0.99
    assert found["position_bits"] < 0.02
    assert found["before_bits"] < 0.02
    channels = np.broadcast_to(np.arange(3), (50, 4, 4, 3))
    assert counted_bits(channels, 3)["histogram_bits"] < 0.01


def test_a_png_of_noise_takes_all_its_bits_and_one_of_nothing_takes_few():
    noise = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3))
    assert 7.9 < png_bits(noise) < 8.5
    assert png_bits(np.zeros((20, 16, 16), int)) < 0.2
