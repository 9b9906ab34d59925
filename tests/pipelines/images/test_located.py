"""Views with the places of their cells in the image."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.images import LocatedViews
from mmssl.pipelines.images.located import cell_centers
from tests.pipelines.elements import elements
from tests.tolerances import ROUNDING, SUM, assert_close


def centers(box, flipped, grid):
    return cell_centers(tf.constant([box]), tf.constant([flipped]), grid).numpy()[0]


def test_centers_of_the_whole_image_are_the_middles_of_its_cells():
    found = centers([0, 0, 32, 32], False, 2)
    np.testing.assert_array_equal(found, [[8, 8], [8, 24], [24, 8], [24, 24]])


def test_a_mirrored_view_has_its_columns_the_other_way_round():
    plain, mirrored = (centers([4, 6, 10, 20], flipped, 3) for flipped in (False, True))
    across = plain.reshape(3, 3, 2)[:, ::-1].reshape(9, 2)
    assert_close(mirrored, across, ROUNDING)
    assert_close(plain[0], [4 + 10 / 6, 6 + 20 / 6], ROUNDING)


@pytest.mark.parametrize("cache", [True, False])
def test_a_cell_shows_what_is_at_its_center(cache):
    # Red grows downwards, green to the right: a pixel's color tells where it is.
    rows, columns = np.mgrid[0:48, 0:48]
    image = np.stack([rows * 5, columns * 5, 0 * rows], axis=-1).astype("uint8")
    data = LocatedViews(
        [image] * 8,
        size=8,
        batch_size=4,
        grid=2,
        num_small_views=1,
        small_size=4,
        small_grid=1,
        small_scale=(0.2, 0.4),
        jitter_probability=0.0,
        gray_probability=0.0,
        cache=cache,
    )
    batch = elements(data, batches=2, seed=0)
    flips = set()
    for view, grid in ((1, 2), (2, 2), (3, 1)):
        images = batch[f"images_{view}"]
        cells = images.reshape(8, grid, -1, grid, images.shape[2] // grid, 3).mean(axis=(2, 4))
        # The middle of pixel p is at p + 0.5.
        shown = cells[..., :2].reshape(8, grid**2, 2) * 255 / 5 + 0.5
        assert np.abs(shown - batch[f"centers_{view}"]).max() < 0.5
        flips |= set((images[:, 0, -1, 1] < images[:, 0, 0, 1]).tolist())
    assert flips == {True, False}


def test_a_grid_has_cells():
    with pytest.raises(ValueError, match="small_grid=0"):
        LocatedViews("builtin:photos", small_grid=0)
    assert_close(centers([0, 0, 3, 5], True, 1), [[1.5, 2.5]], SUM)
