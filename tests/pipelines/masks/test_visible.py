import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.images import VisiblePatches
from mmssl.pipelines.masks.inverse_blocks import block_count, inverse_blocks
from mmssl.pipelines.masks.spans import expected_mask_ratio, frame_spans, span_count
from mmssl.pipelines.masks.visible import visible_count, visible_set
from tests.tolerances import ROUNDING, assert_close, assert_within, mean_margin, share_margin

DRAWS = 1000


def blocks_by_loop(rng, grid, block, seeds):
    """The card's algorithm before its correction, with clamped coordinates."""
    visible = np.zeros((grid, grid), bool)
    for row, column in rng.integers(0, grid, (seeds, 2)):
        for i in range(block):
            for j in range(block):
                at = np.clip([row + i - block // 2, column + j - block // 2], 0, grid - 1)
                visible[tuple(at)] = True
    return visible.ravel()


@pytest.mark.parametrize(
    ("grid", "share", "block", "adjust", "seeds", "visible"),
    [(14, 0.8, 3, 0.07, 5, 39), (14, 0.75, 3, 0.1, 7, 49), (8, 0.75, 2, 0.1, 5, 16)],
)
def test_every_inverse_block_mask_shows_the_exact_number_of_patches(
    grid, share, block, adjust, seeds, visible
):
    assert block_count(grid, block, share, adjust) == seeds
    assert visible_count(grid**2, share) == visible
    rough = inverse_blocks(grid, block, seeds, DRAWS, (0, 1))
    drawn = visible_set(rough, visible, (0, 2))
    both = np.concatenate([drawn["visible"], drawn["masked"]], axis=1)
    assert drawn["visible"].shape == (DRAWS, visible)
    np.testing.assert_array_equal(np.sort(both, axis=1), np.tile(np.arange(grid**2), (DRAWS, 1)))
    assert (np.diff(drawn["visible"]) > 0).all()
    assert (np.diff(drawn["masked"]) > 0).all()


@pytest.mark.parametrize(("grid", "block", "seeds"), [(14, 3, 5), (8, 2, 5), (6, 4, 2)])
def test_rough_blocks_are_those_of_a_loop_with_clamped_borders(grid, block, seeds):
    rng = np.random.default_rng(0)
    expected = np.array([blocks_by_loop(rng, grid, block, seeds) for _ in range(DRAWS)])
    got = inverse_blocks(grid, block, seeds, DRAWS, (3, 4)).numpy()
    sums = got.sum(axis=1), expected.sum(axis=1)
    assert abs(sums[0].mean() - sums[1].mean()) < 5 * sums[1].std() / DRAWS**0.5
    assert abs(sums[0].std() - sums[1].std()) < 0.15 * sums[1].std()
    # Each place is visible as often: borders less than the middle.
    bound = np.sqrt(2) * share_margin(0.5, DRAWS)
    assert_within(got.mean(axis=0), expected.mean(axis=0), bound)


def test_base_masks_show_37_patches_before_the_correction():
    sums = inverse_blocks(14, 3, 5, DRAWS, (0, 5)).numpy().sum(axis=1)
    assert abs(sums.mean() - 37.5) < 0.5
    assert abs(sums.std() - 4.2) < 0.5


def test_correction_keeps_what_was_drawn():
    rough = inverse_blocks(8, 2, 5, DRAWS, (0, 6))
    drawn = visible_set(rough, 16, (0, 7))
    kept = np.take_along_axis(rough.numpy(), drawn["visible"].numpy(), axis=1).sum(axis=1)
    np.testing.assert_array_equal(kept, np.minimum(rough.numpy().sum(axis=1), 16))


def test_without_rough_draws_all_tokens_are_as_likely():
    drawn = visible_set(tf.zeros([20 * DRAWS, 10], tf.bool), 4, (0, 8))
    shares = np.bincount(drawn["visible"].numpy().ravel(), minlength=10) / (20 * DRAWS)
    assert_within(shares, 0.4, share_margin(0.4, 20 * DRAWS))
    keys = drawn["noise"].numpy()
    assert keys.min() >= 0
    assert abs(keys.mean() / 2**30 - 1) < mean_margin(2 / np.sqrt(12), keys.size)


def test_spans_hide_the_share_that_the_formula_gives():
    frames, span, share = 800, 5, 0.5
    spans = span_count(frames, span, share)
    assert spans == 80
    hidden = frame_spans(frames, span, spans, 200, (0, 9)).numpy()
    assert_close(expected_mask_ratio(span, share), 0.40951, ROUNDING)
    margin = mean_margin(hidden.mean(axis=1).std(), len(hidden))
    assert abs(hidden.mean() - expected_mask_ratio(span, share)) < margin


def test_spans_start_at_places_of_their_own_and_fit():
    hidden = frame_spans(12, 3, 10, 50, (0, 10)).numpy()
    assert hidden.all()  # ten starts on ten places
    alone = frame_spans(12, 3, 1, 200, (0, 11)).numpy()
    assert (alone.sum(axis=1) == 3).all()
    assert set(alone.argmax(axis=1)) == set(range(10))


def test_a_share_that_hides_nothing_or_all_is_refused():
    for share in (0.0, 0.99):
        with pytest.raises(ValueError, match="mask_ratio"):
            visible_count(64, share)
    assert visible_count(100, 0.9) == 10  # 100 * (1 - 0.9) is 9.999... in floats


def test_crops_have_sets_of_their_own_that_depend_on_seed_and_element_alone():
    data = VisiblePatches(size=32, batch_size=4, num_masks=3)
    first, again = (next(iter(data.batches(start_step=1, seed=5))) for _ in range(2))
    other = next(iter(data.batches(start_step=1, seed=6)))
    assert first["visible"].shape == (4, 3, 16)
    assert first["masked"].shape == first["noise"].shape == (4, 3, 48)
    for name in ("visible", "masked", "noise"):
        np.testing.assert_array_equal(first[name], again[name])
        assert (first[name].numpy() != other[name].numpy()).any()
    sets = {tuple(row) for row in first["visible"].numpy().reshape(-1, 16)}
    assert len(sets) == 12


def test_blocks_of_one_patch_show_every_patch_as_often():
    data = VisiblePatches(size=32, block=1, adjust=0.0, num_masks=DRAWS)
    visible = data.sets(tf.constant([0, 12], tf.int64))["visible"].numpy()
    shares = np.bincount(visible.ravel(), minlength=64) / DRAWS
    assert_within(shares, 0.25, share_margin(0.25, DRAWS))


@pytest.mark.parametrize(("size", "patch", "masked"), [(32, 4, 48), (224, 16, 147)])
def test_three_quarters_of_the_patches_are_masked(size, patch, masked):
    data = VisiblePatches(size=size, patch_size=patch, block=1, adjust=0.0, num_masks=1)
    drawn = data.sets(tf.constant([0, 13], tf.int64))
    assert drawn["masked"].shape == (1, masked)
    assert drawn["visible"].shape == (1, masked // 3)


def test_masked_examples_are_the_examples_with_sets_of_their_own_that_stay():
    pictures = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), "uint8")
    data = VisiblePatches(pictures, size=32, batch_size=4, num_masks=1)
    source = data.open(data.source)
    first, second = (list(data.masked_examples(source, batch_size=5)) for _ in range(2))
    assert [len(batch["visible"]) for batch in first] == [5, 3]
    for one, two, plain in zip(first, second, data.examples(source, 5), strict=True):
        np.testing.assert_array_equal(one["visible"], two["visible"])
        np.testing.assert_array_equal(one["images"], plain["images"])
    assert len({tuple(row) for batch in first for row in batch["visible"].numpy()[:, 0]}) == 8


@pytest.mark.parametrize(
    "argument",
    [
        {"patch_size": 5},
        {"num_masks": 0},
        {"block": 9},
        {"adjust": -0.1},
        {"mask_ratio": 1.0},
        {"mask_ratio": 0.0},
    ],
)
def test_what_is_out_of_range_is_refused_by_its_name(argument):
    with pytest.raises(ValueError, match=next(iter(argument))):
        VisiblePatches(size=32, **argument)
