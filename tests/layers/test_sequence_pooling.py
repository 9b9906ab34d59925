import numpy as np

from mmssl.layers import MaskedMax, ReverseTokens, WeightedMean
from tests.tolerances import SUM, assert_close

MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]], "int32")


def features():
    drawn = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
    return np.where(MASK[..., None] > 0, drawn, np.inf)


def test_the_largest_is_that_of_the_tokens_and_zero_where_there_are_none():
    x = features()
    expected = [x[0, :3].max(axis=0), x[1, 0], np.zeros(4)]
    np.testing.assert_array_equal(MaskedMax()([x, MASK]), np.float32(expected))


def test_a_weighted_mean_weighs_each_token_by_a_sigmoid():
    x, layer = features(), WeightedMean()
    found = np.asarray(layer([x, MASK]))
    direction = np.asarray(layer.direction, "float64")[:, 0]
    weights = 1 / (1 + np.exp(-x[0, :3] @ direction))
    assert_close(found[0], weights @ x[0, :3] / weights.sum(), SUM)
    assert_close(found[1], x[1, 0], SUM)
    np.testing.assert_array_equal(found[2], np.zeros(4))


def test_reversed_tokens_leave_the_padding_at_the_end():
    x = np.arange(15, dtype="float32").reshape(3, 5, 1)
    found = np.asarray(ReverseTokens()([x, MASK]))
    np.testing.assert_array_equal(found[:2, :, 0], [[2, 1, 0, 3, 4], [5, 6, 7, 8, 9]])
    np.testing.assert_array_equal(ReverseTokens()([found, MASK]), x)
