import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.images import BlockMaskedCrops
from mmssl.pipelines.masks.blocks import ATTEMPTS, DRAWS, block_masks
from tests.tolerances import mean_margin, share_margin


def uniform(rows, seed=0):
    return tf.random.stateless_uniform([rows, ATTEMPTS, DRAWS], [seed, 0])


def one_by_one(draws, side, most, least, aspect=0.3):
    """The rule for one picture, in Python."""
    mask, failed = np.zeros((side, side), int), 0
    for size, shape, row, column in draws:
        missing = most - mask.sum()
        if missing == 0 or failed == 10:
            break
        area = least + size * (missing - least)
        ratio = np.exp((2 * shape - 1) * -np.log(aspect))
        height, width = round(np.sqrt(area * ratio)), round(np.sqrt(area / ratio))
        top, left = int(row * (side - height + 1)), int(column * (side - width + 1))
        failed += 1
        if height < side and width < side:
            block = mask[top : top + height, left : left + width]
            if 0 < (block == 0).sum() <= missing:
                block[:], failed = 1, 0
    return mask.reshape(-1)


def test_every_picture_gets_the_mask_that_the_rule_gives_it_alone():
    draws = uniform(64)
    masks = block_masks(draws, 8, 38, 4).numpy()
    expected = [one_by_one(row, 8, 38, 4) for row in draws.numpy()]
    np.testing.assert_array_equal(masks, expected)


def test_the_counts_of_beits_base_size_are_those_of_its_generator():
    counts = block_masks(uniform(3000), 14, 120, 16).numpy().sum(axis=1)
    assert counts.max() == 120
    assert counts.min() > 100
    assert np.mean(counts == 120) == pytest.approx(0.69, abs=share_margin(0.69, 3000))
    assert counts.mean() == pytest.approx(119.5, abs=mean_margin(counts.std(), 3000))


def test_the_counts_of_a_tiny_grid():
    counts = block_masks(uniform(2000, seed=1), 8, 38, 4).numpy().sum(axis=1)
    assert counts.max() == 38
    assert np.mean(counts == 38) == pytest.approx(0.95, abs=share_margin(0.95, 2000))


def test_batches_hold_whole_pictures_and_masks_that_do_not_hang_on_the_batch():
    options = {"size": 16, "mask_ratio": 0.5, "min_block": 1, "jitter": (0.4, 0.4, 0.4, 0.1)}
    one = BlockMaskedCrops(batch_size=4, **options)
    batches = iter(one.batches(seed=3))
    first, second = next(batches), next(batches)
    assert first["images"].shape == (4, 16, 16, 3)
    assert first["mask"].shape == (4, 16)
    assert first["mask"].dtype == tf.int32
    again = next(iter(one.batches(start_step=1, seed=3)))
    np.testing.assert_array_equal(again["mask"], second["mask"])
    np.testing.assert_array_equal(again["images"], second["images"])
    wide = next(iter(BlockMaskedCrops(batch_size=8, **options).batches(seed=3)))
    np.testing.assert_array_equal(wide["mask"][:4], first["mask"])


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match="multiple of patch"):
        BlockMaskedCrops(size=30, patch_size=4)
    with pytest.raises(ValueError, match="mask_ratio"):
        BlockMaskedCrops(size=8, patch_size=4, mask_ratio=0.9)
    with pytest.raises(ValueError, match="jitter"):
        BlockMaskedCrops(jitter=(0.4, 0.4, 0.4, 0.9))
