"""T5's buckets of distances, against the formula in Python."""

import math

import numpy as np
import pytest

from mmssl.layers import BucketedPositionBias


def by_hand(offset, buckets, max_distance, causal):
    half = buckets if causal else buckets // 2
    distance = max(-offset, 0) if causal else abs(offset)
    near = half // 2
    if distance >= near:
        ratio = math.log(distance / near) / math.log(max_distance / near)
        distance = min(near + int(ratio * (half - near) + 1e-9), half - 1)
    return distance + (0 if causal or offset <= 0 else half)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("buckets", "max_distance"), [(32, 128), (8, 20)])
def test_buckets_are_those_of_the_formula(buckets, max_distance, causal):
    layer = BucketedPositionBias(2, 0.02, buckets, max_distance, causal)
    offsets = np.arange(-300, 301, dtype="int32")
    expected = [by_hand(int(offset), buckets, max_distance, causal) for offset in offsets]
    np.testing.assert_array_equal(layer.bucket(offsets), expected)


def test_both_directions_have_half_of_the_buckets_and_far_distances_share_the_last():
    layer = BucketedPositionBias(2)
    found = np.asarray(layer.bucket(np.array([0, -1, 1, -128, -5000, 128, 5000], "int32")))
    assert found.tolist() == [0, 1, 17, 15, 15, 31, 31]


def test_each_head_reads_the_weight_of_its_bucket():
    layer = BucketedPositionBias(3, causal=True)
    positions = np.arange(5, dtype="int32")[None]
    bias = np.asarray(layer(positions, positions))
    table = np.asarray(layer.table)
    assert bias.shape == (1, 3, 5, 5)
    np.testing.assert_array_equal(bias[0, :, 4, 1], table[3])
    np.testing.assert_array_equal(bias[0, :, 1, 4], table[0])
