"""Dilated residual units: the formula, silence beyond the ends, and how far they see."""

import keras
import numpy as np

from mmssl.layers import DilatedUnit
from tests.tolerances import SUM, assert_close


def unit(dilation=2, channels=3, width=4):
    keras.utils.set_random_seed(0)
    made = DilatedUnit(width, dilation)
    made.build((None, None, channels))
    made.convolution.bias.assign(np.linspace(-1, 1, width))
    return made


def sequence(length=9, channels=3):
    return np.random.default_rng(0).normal(size=(2, length, channels)).astype("float32")


def test_it_adds_what_three_taps_make_of_the_sequence():
    layer, x = unit(), sequence()
    seen = np.maximum(x, 0).astype("float64")
    silence = np.zeros((2, 2, 3))
    around = np.concatenate([silence, seen, silence], axis=1)
    taps = np.concatenate([around[:, :-4], seen, around[:, 4:]], axis=-1)
    hidden = np.maximum(taps @ layer.convolution.kernel.numpy() + layer.convolution.bias.numpy(), 0)
    expected = x + hidden @ layer.projection.kernel.numpy() + layer.projection.bias.numpy()
    assert_close(layer(x), expected, SUM)


def test_frames_of_padding_are_as_silent_as_what_lies_beyond_the_end():
    layer, x = unit(), sequence()
    longer = np.concatenate([x, np.full((2, 4, 3), 5.0, "float32")], axis=1)
    mask = np.repeat([[1] * 9 + [0] * 4], 2, axis=0).astype("int32")
    assert_close(layer(longer, mask)[:, :9], layer(x), SUM)


def test_a_dilation_may_reach_beyond_both_ends():
    layer, x = unit(dilation=20), sequence()
    assert layer(x).shape == x.shape
