import numpy as np
import pytest

from mmssl.layers import EndToken, FrameMask, GridPooling, MaskedMean, MaskedStatistics
from tests.tolerances import SUM, assert_close


def test_a_frame_is_kept_when_its_last_sample_is():
    mask = np.array([[1] * 9 + [0] * 3], "int32")
    np.testing.assert_array_equal(FrameMask(4)(mask), [[1, 1, 0]])


def test_the_masked_mean_ignores_what_stands_in_the_padding():
    features = np.array([[[1.0], [3.0], [np.inf]]], "float32")
    np.testing.assert_array_equal(MaskedMean()([features, np.array([[1, 1, 0]])]), [[2.0]])


def test_the_masked_mean_of_nothing_is_zero():
    features = np.ones((1, 2, 3), "float32")
    np.testing.assert_array_equal(MaskedMean()([features, np.zeros((1, 2))]), np.zeros((1, 3)))


def test_grid_pooling_averages_cells_in_reading_order():
    features = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(GridPooling(2)(features), [[2.5, 4.5, 10.5, 12.5]])


def test_grid_pooling_divides_odd_sizes_as_evenly_as_it_can():
    features = np.arange(5, dtype="float32").reshape(1, 1, 5, 1).repeat(2, axis=1)
    np.testing.assert_array_equal(GridPooling(2)(features)[0, :2], [0.5, 3.0])


def test_grid_pooling_refuses_a_map_smaller_than_the_grid():
    with pytest.raises(ValueError, match="at least 3"):
        GridPooling(3)(np.zeros((1, 2, 2, 1), "float32"))


def test_masked_statistics_are_those_of_the_kept_frames():
    rng = np.random.default_rng(0)
    features, mask = rng.normal(size=(1, 9, 3)).astype("float32"), np.array([[1] * 6 + [0] * 3])
    kept = features[0, :6]
    expected = np.concatenate([kept.mean(0), kept.std(0)])
    assert_close(MaskedStatistics()([features, mask])[0], expected, SUM)


def test_the_end_token_is_the_last_that_the_mask_counts():
    features = np.random.default_rng(0).normal(size=(3, 5, 2)).astype("float32")
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], "int32")
    found = np.asarray(EndToken()([features, mask]))
    np.testing.assert_array_equal(found, [features[0, 2], features[1, 4], [0, 0]])
