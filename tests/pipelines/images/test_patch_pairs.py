"""Neighboring patches, and what must not tell where the second one was."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.images import PatchPairs
from mmssl.pipelines.images.shortcuts import NOISE
from tests.pipelines.elements import elements
from tests.tolerances import share_margin

SIZE, PATCH, GAP, JITTER = 24, 6, 2, 1
SIZES = {"size": SIZE, "patch_size": PATCH, "gap": GAP, "jitter": JITTER}


def photos(count=8):
    return list(np.random.default_rng(1).integers(0, 256, (count, 30, 30, 3)).astype("uint8"))


def places(pipeline, count=800):
    """Positions (N,) and corners (N, 2, 2) of many pairs."""
    keys = tf.data.Dataset.range(count).map(lambda n: tf.stack([tf.constant(3, tf.int64), n]))
    position, corners = next(iter(keys.map(pipeline.corners).batch(count)))
    return position.numpy(), corners.numpy()


def number_of(down, right):
    """The number of a place by the formula of the paper's code."""
    return {-1: right + 1, 0: (right + 7) // 2, 1: right + 6}[down]


@pytest.fixture(scope="module")
def pairs():
    return places(PatchPairs(photos(), batch_size=4, **SIZES))


def test_the_second_patch_lies_where_the_position_says_up_to_the_jitter(pairs):
    steps = (pairs[1][:, 1] - pairs[1][:, 0]) / (PATCH + GAP)
    assert np.abs(steps - np.round(steps)).max() <= 2 * JITTER / (PATCH + GAP)
    expected = [number_of(*way) for way in np.round(steps).astype(int).tolist()]
    np.testing.assert_array_equal(pairs[0], expected)


def test_the_other_way_round_the_position_is_seven_less():
    ways = [(d, r) for d in (-1, 0, 1) for r in (-1, 0, 1) if (d, r) != (0, 0)]
    assert [number_of(*way) for way in ways] == list(range(8))
    assert [number_of(-d, -r) for d, r in ways] == list(range(7, -1, -1))


def test_all_places_are_as_likely(pairs):
    for place in range(8):
        assert abs((pairs[0] == place).mean() - 1 / 8) < share_margin(1 / 8, len(pairs[0]))


def test_patches_lie_in_the_crop_and_reach_its_edges(pairs):
    assert pairs[1].min() == 0
    assert pairs[1].max() == SIZE - PATCH


def test_patches_do_not_meet_and_are_moved_one_by_one(pairs):
    apart = np.abs(pairs[1][:, 1] - pairs[1][:, 0])
    assert apart.max(axis=1).min() == PATCH + GAP - 2 * JITTER
    # All distances from one to the other end occur, as two jitters add up.
    ends = PATCH + GAP - 2 * JITTER, PATCH + GAP + 2 * JITTER
    along = apart[pairs[0] == 1, 0]
    assert (along.min(), along.max()) == ends
    assert set(np.abs(apart[pairs[0] == 1, 1])) == set(range(2 * JITTER + 1))


def test_the_gap_is_not_a_fixed_line_and_a_patch_alone_may_lie_at_any_place(pairs):
    rows = pairs[1][pairs[0] == 1][:, 1, 0]
    assert set(rows) == set(range(SIZE - 2 * PATCH - GAP + 1))


def test_a_batch_holds_both_patches_and_the_position():
    batch = elements(PatchPairs(photos(), batch_size=4, **SIZES), 2)
    assert {name: (x.shape, x.dtype.name) for name, x in batch.items()} == {
        "images_1": ((8, PATCH, PATCH, 3), "float32"),
        "images_2": ((8, PATCH, PATCH, 3), "float32"),
        "position": ((8,), "int32"),
    }
    for name in ("images_1", "images_2"):
        assert batch[name].min() >= 0
        assert batch[name].max() <= 1


def test_patches_show_the_picture_at_their_places():
    rows, columns = np.mgrid[:SIZE, :SIZE]
    picture = np.stack([10 * rows, 10 * columns, 0 * rows], axis=-1).astype("uint8")
    whole = {"scale": (1, 1), "ratio": (1, 1), "flip": False, "coarse_probability": 0.0}
    batch = elements(PatchPairs([picture], batch_size=1, colors="keep", **SIZES, **whole), 40)
    first, second = (shown_at(batch[name]) for name in ("images_1", "images_2"))
    ways = np.round((second - first) / (PATCH + GAP)).astype(int)
    assert [number_of(*way) for way in ways.tolist()] == batch["position"].tolist()


def shown_at(patches):
    """Rows and columns of the middles of patches, redder downwards and greener to the right."""
    step = patches[:, 1, 0, 0] - patches[:, 0, 0, 0]
    means = patches.mean(axis=(1, 2))
    return (means[:, :2] - means[:, 2:]) / step[:, np.newaxis]


def test_of_the_colors_one_channel_is_left_in_each_patch():
    data = PatchPairs(photos(), batch_size=4, coarse_probability=0.0, **SIZES)
    batch = elements(data, 4)
    for name in ("images_1", "images_2"):
        deviations = np.sort(batch[name].std(axis=(1, 2)), axis=-1)
        assert (deviations[:, 1] < 10 * NOISE).all()
        assert (deviations[:, 2] > 0.2).all()


def test_only_some_patches_are_coarse():
    def sharpness(probability):
        pipeline = PatchPairs(
            photos(), size=96, batch_size=8, patch_size=24, coarse_probability=probability
        )
        pixels = elements(pipeline, 8)["images_1"]
        return np.abs(np.diff(pixels, axis=1)).mean(axis=(1, 2, 3))

    sharp, some, coarse = (sharpness(p) for p in (0.0, 0.33, 1.0))
    assert (coarse < sharp).mean() > 0.9
    assert 0.1 < (some != sharp).mean() < 0.6


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"size": 23}, "size=23 is too small for 3 patches of 6 .* must be 24 or more"),
        ({"gap": 1}, "gap=1 at least twice the jitter"),
        ({"jitter": -1}, "jitter=-1 0 or more"),
        ({"patch_size": 1}, "patch_size=1 must be 2 or more"),
        ({"colors": "gray"}, "colors='gray' must be one of drop, project, keep"),
        ({"coarse_probability": 2}, "coarse_probability=2 must lie between 0 and 1"),
    ],
)
def test_what_makes_no_pairs_is_refused(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        PatchPairs(photos(), batch_size=4, **{**SIZES, **given})
