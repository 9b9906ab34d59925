"""Recurrent layers over pictures, against the formulas pixel by pixel."""

import numpy as np
import pytest

from mmssl.layers import DiagonalBiLSTM, RowLSTM, causal_mask, skew, unskew
from tests.tolerances import NETWORK, assert_close

HEIGHT, WIDTH, CHANNELS, UNITS, GROUPS = 3, 4, 5, 3, 3


@pytest.fixture
def x():
    shape = (2, HEIGHT, WIDTH, CHANNELS)
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def unit(gates, cell):
    out, keep, write, new = np.split(gates, 4, axis=-1)
    out, keep, write = (1 / (1 + np.exp(-g)) for g in (out, keep, write))
    cell = keep * cell + write * np.tanh(new)
    return out * np.tanh(cell), cell


def weights(layer):
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    return [w.astype("float64") for w in layer.get_weights()]


def test_skewing_moves_diagonals_into_columns_and_is_undone():
    maps = np.arange(1.0, 25).reshape(1, 4, 3, 2)
    skewed = np.asarray(skew(maps))
    assert skewed.shape == (1, 4, 6, 2)
    for row in range(4):
        np.testing.assert_array_equal(skewed[0, row, row : row + 3], maps[0, row])
    assert (skewed == 0).sum() == 4 * 3 * 2
    np.testing.assert_array_equal(unskew(skewed), maps)
    assert np.asarray(skew(np.ones((1, 5, 5, 1)))).shape[2] == 2 * 5 - 1


def test_a_row_lstm_is_the_formula(x):
    layer = RowLSTM(UNITS, GROUPS)
    found = np.asarray(layer(x))
    kernel, recurrent, bias = weights(layer)
    assert (np.asarray(layer(x)) != found).any()
    kernel = kernel * np.tile(causal_mask(3, "B", CHANNELS, UNITS, GROUPS)[1, :2], (1, 1, 4))
    hidden = np.zeros((HEIGHT + 1, WIDTH + 2, 2, UNITS))  # a row above, a column on each side
    cell = np.zeros((HEIGHT + 1, WIDTH, 2, UNITS))
    for row in range(HEIGHT):
        for place in range(WIDTH):
            gates = bias + x[:, row, place] @ kernel[1]
            if place:
                gates = gates + x[:, row, place - 1] @ kernel[0]
            above = np.concatenate(list(hidden[row, place : place + 3]), axis=-1)
            new = unit(gates + above @ recurrent, cell[row, place])
            hidden[row + 1, place + 1], cell[row + 1, place] = new
    expected = hidden[1:, 1:-1].transpose(2, 0, 1, 3)
    assert_close(layer(x), expected, NETWORK)


def one_direction(x, kernel, recurrent, bias):
    """States of an LSTM that sees, at each pixel, the states above and on the left."""
    hidden, cell = np.zeros((2, HEIGHT + 1, WIDTH + 1, 2, UNITS))
    for row in range(HEIGHT):
        for place in range(WIDTH):
            given = np.concatenate([hidden[row, place + 1], hidden[row + 1, place]], axis=-1)
            gates = bias + x[:, row, place] @ kernel + given @ recurrent
            new = unit(gates, cell[row + 1, place])
            hidden[row + 1, place + 1], cell[row + 1, place + 1] = new
    return hidden[1:, 1:].transpose(2, 0, 1, 3)


def test_a_diagonal_bilstm_is_the_formula(x):
    layer = DiagonalBiLSTM(UNITS, GROUPS)
    layer(x)
    kernel, recurrent, bias = weights(layer)
    kernel = kernel * np.tile(causal_mask(1, "B", CHANNELS, UNITS, GROUPS)[0, 0], (1, 4))
    right = one_direction(x, kernel[0], recurrent[0], bias[0])
    left = one_direction(x[:, :, ::-1], kernel[1], recurrent[1], bias[1])[:, :, ::-1]
    right[:, 1:] += left[:, :-1]
    assert_close(layer(x), right, NETWORK)


def test_too_few_units_are_refused():
    with pytest.raises(ValueError, match="units=2"):
        RowLSTM(2, groups=3)
