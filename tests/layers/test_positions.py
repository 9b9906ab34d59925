import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.layers import AlibiBias, GridPositions, PatchPositions, PositionIds, SegmentIds
from mmssl.layers.attention_bias import slopes
from mmssl.layers.positions import bicubic_matrix
from tests.tolerances import ROUNDING, SUM, assert_close, assert_within


def test_slopes_are_a_geometric_sequence_and_between_powers_of_two_the_official_codes():
    assert_close(slopes(8), 0.5 ** np.arange(1, 9), ROUNDING)
    assert_close(slopes(16)[::2], 0.5 ** np.arange(0.5, 8.5), ROUNDING)
    assert_close(slopes(12)[:8], slopes(8), ROUNDING)
    assert_close(slopes(12)[8:], 0.5 ** np.array([0.5, 1.5, 2.5, 3.5]), ROUNDING)
    assert_close(slopes(3), [2.0**-4, 2.0**-8, 2.0**-2], ROUNDING)
    assert_close(slopes(1), [2.0**-8], ROUNDING)


def test_the_bias_falls_with_the_distance_of_places_in_both_directions():
    bias = AlibiBias(4)(np.array([[0, 1, 7], [2, 3, 5]], "int32")).numpy()
    apart = np.array([[[0, 1, 7], [1, 0, 6], [7, 6, 0]], [[0, 1, 3], [1, 0, 2], [3, 2, 0]]])
    expected = -apart[:, None] * np.array([0.25, 0.0625, 2.0**-6, 2.0**-8])[:, None, None]
    np.testing.assert_array_equal(bias, expected)


def test_a_learned_scale_starts_at_one_multiplies_its_head_and_below_zero_counts_as_zero():
    position_ids = np.arange(5, dtype="int32")[None]
    layer, fixed = AlibiBias(2, learned=True), AlibiBias(2)(position_ids).numpy()
    np.testing.assert_array_equal(layer(position_ids), fixed)
    layer.scale.assign([3.0, -1.0])
    assert_close(layer(position_ids), fixed * np.array([3.0, 0.0])[:, None, None], ROUNDING)
    assert not AlibiBias(2).weights


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_far_places_are_told_apart_under_every_precision_policy(policy):
    layer = AlibiBias(2, learned=True, dtype=policy)
    position_ids = np.array([[0, 1000, 1001]], "int32")
    layer(position_ids)
    layer.scale.assign(np.full(2, 1.001))
    bias = layer(position_ids).numpy()
    assert bias.dtype == "float32"
    assert_close(bias[0, 0, 0], [0, -1000 * 1.001 / 16, -1001 * 1.001 / 16], ROUNDING)


def test_tokens_are_numbered_and_their_number_is_checked_where_it_is_settled():
    np.testing.assert_array_equal(PositionIds()(np.zeros((3, 4, 2))), [[0, 1, 2, 3]])
    assert PositionIds()(keras.Input((None, 2))).shape == (1, None)
    with pytest.raises(ValueError, match="4 tokens; got 5"):
        PositionIds(4)(np.zeros((1, 5, 2)))


def test_segments_change_after_the_first_separator_and_stay():
    tokens = np.array([[2, 9, 9, 3, 8, 3, 0], [2, 9, 3, 0, 0, 0, 0]], "int32")
    expected = [[0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1]]
    np.testing.assert_array_equal(SegmentIds(3)(tokens), expected)


def test_positions_of_patches_tell_row_and_column_and_are_those_of_a_square_grid():
    zeros = np.zeros((1, 12, 8), "float32")
    found = np.asarray(PatchPositions(3)(zeros)).reshape(4, 3, 8)
    for row, column in np.ndindex(4, 3):
        rates = 10000.0 ** (-np.arange(2) / 2)
        expected = [f(place * rates) for place in (row, column) for f in (np.sin, np.cos)]
        assert_close(found[row, column], np.concatenate(expected), SUM)
    square = zeros[:, :9]
    assert_close(PatchPositions(3)(square), GridPositions(3)(square), SUM)
    with pytest.raises(ValueError, match="multiple of 4; got 6"):
        PatchPositions(3)(np.zeros((1, 9, 6), "float32"))


def learned_positions(grid, side, jit_compile=False):
    """The embeddings that GridPositions adds to side x side patches, and its table."""
    layer = GridPositions(grid, "learned")
    layer.build((None, side**2, 4))
    table = np.random.default_rng(0).normal(size=(grid, grid, 4)).astype("float32")
    layer.table.assign(table)
    run = tf.function(layer, jit_compile=jit_compile)
    return run(tf.zeros((1, side**2, 4))).numpy().reshape(side, side, 4), table


# TensorFlow looks weights up in a table of 1024 offsets, which hits these ratios exactly.
@pytest.mark.parametrize(("grid", "side"), [(14, 7), (4, 8), (4, 4), (6, 3), (1, 2)])
def test_learned_positions_of_another_grid_are_those_of_bicubic_interpolation(grid, side):
    found, table = learned_positions(grid, side)
    assert_close(found, tf.image.resize(table, (side, side), "bicubic"), SUM)


def test_positions_of_a_small_crop_are_interpolated_under_xla_as_well():
    found, table = learned_positions(14, 6, jit_compile=True)
    # Half a step of TensorFlow's table, along both axes, times the steepest weight and the largest
    # of four neighbors.
    bound = 2 * 4 * np.abs(table).max() / 2048
    assert_within(found, tf.image.resize(table, (6, 6), "bicubic"), bound)
    assert_close(bicubic_matrix(6, 14).sum(axis=1), 1.0, ROUNDING)
