"""Tiles in disorder, and what must not tell their order."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.images import JigsawTiles
from mmssl.pipelines.images.permutations import PERMUTATIONS_FILE
from tests.pipelines.elements import elements
from tests.tolerances import SUM, assert_close, share_margin

SIZE, TILE, SHIFT = 36, 8, 1
SIZES = {"size": SIZE, "tile_size": TILE, "channel_shift": SHIFT, "permutations": 6}
WHOLE = {"scale": (1, 1), "ratio": (1, 1), "flip": False}
COLORS = {"gray_probability": 0.0, "project_probability": 0.0}


def photos(count=8):
    return list(np.random.default_rng(1).integers(0, 256, (count, 40, 40, 3)).astype("uint8"))


def ramps():
    """A picture redder downwards, greener to the right, by 6 a pixel."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return np.stack([6 * rows, 6 * columns, 0 * rows], axis=-1).astype("uint8")


@pytest.fixture(scope="module")
def corners():
    """Corners (N, 9, 3, 2) at which the channels of tiles were cut."""
    pipeline = JigsawTiles(photos(), batch_size=4, **SIZES)
    places = np.mgrid[:SIZE, :SIZE].astype("float32")

    def cut(n):
        key = tf.stack([tf.constant(3, tf.int64), n])
        both = [pipeline.tiles(tf.stack([place] * 3, -1), key)[:, 0, 0] for place in places]
        return tf.stack(both, axis=-1)

    return next(iter(tf.data.Dataset.range(300).map(cut).batch(300))).numpy().astype(int)


def test_every_tile_lies_in_its_cell_and_anywhere_there(corners):
    cells = 12 * np.array([(n // 3, n % 3) for n in range(9)])
    inside = corners - cells[:, np.newaxis]
    assert inside.min() == 0
    assert inside.max() == 12 - TILE
    assert set(inside[:, 4, 0, 0]) == set(range(12 - TILE + 1))


def test_tiles_are_moved_one_by_one_and_so_are_their_channels(corners):
    between = corners[:, :, 1:] - corners[:, :, :1]
    assert set(between.ravel()) == set(range(-SHIFT, SHIFT + 1))
    gaps = corners[:, 1, 0, 1] - corners[:, 0, 0, 1] - TILE
    assert len(set(gaps)) > 12 - TILE + 1


def test_slots_hold_the_tiles_that_the_table_says():
    data = JigsawTiles([ramps()], batch_size=1, **{**SIZES, **WHOLE, **COLORS, "channel_shift": 0})
    batch = elements(data, 40)
    slots = np.stack([batch[f"images_{k}"] for k in range(1, 10)], axis=1)
    step = slots[:, :, 1, 0, 0] - slots[:, :, 0, 0, 0]
    means = slots.mean(axis=(2, 3))
    middles = (means[..., :2] - means[..., 2:]) / step[..., np.newaxis]
    cells = (middles // 12).astype(int)
    np.testing.assert_array_equal(
        3 * cells[..., 0] + cells[..., 1], data.table[batch["permutation"]]
    )


def test_all_permutations_are_used_and_an_image_gets_another_one_each_epoch():
    batch = elements(JigsawTiles([photos()[0]], batch_size=1, **SIZES), 300)
    shares = np.bincount(batch["permutation"], minlength=6) / 300
    assert (np.abs(shares - 1 / 6) < share_margin(1 / 6, 300)).all()


def test_every_tile_is_even_in_brightness_and_contrast_by_itself():
    batch = elements(JigsawTiles(photos(), batch_size=4, **SIZES), 2)
    for slot in range(1, 10):
        tiles = batch[f"images_{slot}"]
        assert (tiles.shape, tiles.dtype) == ((8, TILE, TILE, 3), np.float32)
        assert 0 <= tiles.min() < tiles.max() <= 1
    data = JigsawTiles([ramps()], batch_size=1, **SIZES, **WHOLE, **COLORS)
    tile = elements(data, 1)["images_1"]
    assert_close(tile.mean(), 0.5, SUM)


@pytest.mark.parametrize(
    ("given", "fringes"),
    [
        ({"gray_probability": 1.0}, False),
        ({"gray_probability": 0.0, "project_probability": 1.0}, False),
        (COLORS, True),
    ],
)
def test_fringes_are_gone_from_gray_and_from_projected_pictures(given, fringes):
    flat = {**SIZES, "channel_shift": 0}
    batch = elements(JigsawTiles(photos(), batch_size=4, **flat, **given), 2)
    left = batch["images_5"] - 0.5
    green = left @ np.float32([-1, 2, -1])
    inside = (np.abs(left) < 0.49).all(axis=-1)  # what is clipped has lost its color
    assert (np.abs(green[inside]).max() > 0.1) == fringes


def test_the_permutations_are_kept_in_the_run_folder_and_read_from_it(tmp_path):
    first = JigsawTiles(photos(), batch_size=4, **SIZES).prepare(tmp_path)
    lines = (tmp_path / PERMUTATIONS_FILE).read_text().splitlines()
    assert lines == [" ".join(map(str, row)) for row in first.table]
    (tmp_path / PERMUTATIONS_FILE).write_text("\n".join(lines[::-1]) + "\n")
    again = JigsawTiles(photos(), batch_size=4, **SIZES).prepare(tmp_path)
    np.testing.assert_array_equal(again.table, first.table[::-1])
    other = JigsawTiles(photos(), batch_size=4, **SIZES)
    other.restore(tmp_path)
    np.testing.assert_array_equal(other.on(photos()).prepare().table, again.table)


def test_a_run_with_another_number_of_permutations_is_refused(tmp_path):
    JigsawTiles(photos(), batch_size=4, **SIZES).prepare(tmp_path)
    with pytest.raises(ValueError, match=r"permutations=5, but the run in .* has 6"):
        JigsawTiles(photos(), batch_size=4, **{**SIZES, "permutations": 5}).prepare(tmp_path)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"size": 35}, "size=35 must be a multiple of 3"),
        ({"tile_size": 12}, "tile_size=12 and channel_shift=1 must together be at most a third"),
        ({"tile_size": 1}, "tile_size=1 2 or more"),
        ({"channel_shift": -1}, "channel_shift=-1 0 or more"),
        ({"permutations": 1}, "permutations=1 must lie between 2 and 362880"),
        ({"gray_probability": 2}, "gray_probability=2 and .* must lie between 0 and 1"),
    ],
)
def test_what_makes_no_puzzle_is_refused(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        JigsawTiles(photos(), batch_size=4, **{**SIZES, **given})
