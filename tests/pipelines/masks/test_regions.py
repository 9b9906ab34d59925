"""What is hidden: how much of a picture, where, and the same for the same key."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.images import RegionMaskedCrops
from mmssl.pipelines.masks.regions import block_mask, center_mask, random_region_mask
from tests.tolerances import mean_margin


def masks(draw, size, count=100):
    keyed = tf.function(lambda n: draw(size, tf.stack([tf.constant(3, tf.int64), n])))
    return np.stack([keyed(tf.constant(n, tf.int64)).numpy() for n in range(count)])


def pictures(side=64, count=8):
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), "uint8")


def batch_of(**kwargs):
    data = RegionMaskedCrops(pictures(), size=32, batch_size=8, **kwargs)
    return {name: value.numpy() for name, value in next(iter(data.batches(seed=1))).items()}


@pytest.mark.parametrize("size", [32, 64, 128])
def test_the_center_is_a_quarter_of_the_pixels(size):
    mask = center_mask(size).numpy()
    assert (mask.shape, mask.dtype) == ((size, size, 1), np.float32)
    assert mask.sum() == size**2 / 4
    middle = slice(size // 4, 3 * size // 4)
    assert mask[middle, middle].all()


def test_an_overlap_leaves_a_band_of_the_center_visible():
    mask = center_mask(128, overlap=4).numpy()
    assert mask.sum() == 56**2
    assert mask[36:92, 36:92].all()


@pytest.mark.parametrize("size", [32, 100])
def test_random_regions_hide_between_20_and_30_percent(size):
    share = masks(random_region_mask, size).mean(axis=(1, 2, 3))
    assert share.min() >= 0.2
    assert share.max() <= 0.3
    assert abs(share.mean() - 0.25) < mean_margin(0.1 / np.sqrt(12), len(share))


def test_random_regions_are_smooth_and_hide_every_place_alike():
    drawn = masks(random_region_mask, 32, 400)[..., 0]
    # Of all pairs of neighbors few are split, where independent pixels would split 0.375.
    assert np.abs(np.diff(drawn, axis=1)).mean() < 0.12
    assert np.abs(drawn.mean(axis=0) - 0.25).max() < 0.1


def test_blocks_are_four_squares_that_hide_a_quarter_at_most():
    drawn = masks(block_mask, 32)
    share = drawn.mean(axis=(1, 2, 3))
    assert share.max() <= 0.25
    assert share.min() >= 1 / 16
    assert (share == 0.25).any()
    assert all(edge.any() for edge in (drawn[:, 0], drawn[:, -1], drawn[:, :, 0], drawn[:, :, -1]))


@pytest.mark.parametrize("region", ["block", "random"])
def test_every_example_has_a_mask_of_its_own_and_the_same_seed_the_same(region):
    first, second = batch_of(region=region), batch_of(region=region)
    assert len(np.unique(first["mask"].reshape(8, -1), axis=0)) == 8
    for name in ("images", "mask"):
        np.testing.assert_array_equal(first[name], second[name])


def test_the_images_of_a_batch_are_whole_and_the_mask_is_zero_or_one():
    batch = batch_of(region="random")
    assert {name: value.shape for name, value in batch.items()} == {
        "images": (8, 32, 32, 3),
        "mask": (8, 32, 32, 1),
    }
    assert set(np.unique(batch["mask"])) == {0.0, 1.0}
    np.testing.assert_array_equal(batch["images"], batch_of(region="center")["images"])


def test_masked_examples_are_the_examples_with_masks_that_stay():
    data = RegionMaskedCrops(pictures(), size=32, batch_size=8, region="random")
    source = data.open(data.source)
    first, second = (list(data.masked_examples(source, batch_size=5)) for _ in range(2))
    assert [len(batch["mask"]) for batch in first] == [5, 3]
    for one, two, plain in zip(first, second, data.examples(source, 5), strict=True):
        np.testing.assert_array_equal(one["mask"], two["mask"])
        np.testing.assert_array_equal(one["images"], plain["images"])


def test_a_picture_smaller_than_the_region_is_refused():
    data = RegionMaskedCrops(pictures(side=31), size=64, batch_size=2)
    with pytest.raises(ValueError, match=r"smaller than the region to mask, 32 x 32 .* 31 31"):
        data.prepare()
    RegionMaskedCrops(pictures(side=32), size=64, batch_size=2).prepare()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"size": 30}, "size=30 must be a multiple of 4"),
        ({"size": 32, "overlap": 8}, "overlap=8 must lie between 0 and 7"),
        ({"size": 32, "overlap": -1}, "overlap=-1 must lie between 0 and 7"),
        ({"size": 32, "overlap": 2, "region": "block"}, "overlap=2 applies to region='center'"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        RegionMaskedCrops(pictures(), **arguments)
