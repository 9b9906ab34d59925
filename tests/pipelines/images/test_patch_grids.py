"""Grids of overlapping patches, each changed by itself."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.layers import OverlappingPatches
from mmssl.pipelines.images import ImageCrops, PatchGrids
from tests.pipelines.elements import elements
from tests.tolerances import share_margin

PICTURES = list(np.random.default_rng(0).integers(1, 120, (8, 24, 24, 3)).astype("uint8"))


def data_of(**kwargs):
    return PatchGrids(
        PICTURES, **{"size": 10, "batch_size": 4, "patch_size": 4, "stride": 2}, **kwargs
    )


def plain():
    """The patches of the same crops, unchanged: (B, 16, 4, 4, 3)."""
    images = elements(ImageCrops(PICTURES, size=10, batch_size=4), batches=2, seed=0)["images"]
    starts = range(0, 7, 2)
    cut = [images[:, i : i + 4, j : j + 4] for i in starts for j in starts]
    return images, np.stack(cut, axis=1)


def test_patches_overlap_and_lie_row_by_row_as_the_encoder_cuts_them():
    images, expected = plain()
    np.testing.assert_array_equal(elements(data_of(), batches=2, seed=0)["patches"], expected)
    layer = OverlappingPatches(4, 2)(tf.constant(images))
    np.testing.assert_array_equal(np.asarray(layer).reshape(expected.shape), expected)


def test_patches_that_lose_colors_keep_one_each():
    _, expected = plain()
    found = elements(data_of(drop_probability=0.5), batches=2, seed=0)["patches"]
    gray = (found == 0.5).all(axis=(2, 3))
    dropped = gray.sum(axis=-1)
    assert set(np.unique(dropped)) == {0, 2}
    assert abs((dropped == 2).mean() - 0.5) < share_margin(0.5, dropped.size)
    kept = np.argmin(gray[dropped == 2], axis=-1)
    assert set(kept) == {0, 1, 2}
    same = (found == expected).all(axis=(2, 3))
    np.testing.assert_array_equal(same, ~gray)


def test_patches_are_mirrored_one_by_one():
    _, expected = plain()
    found = elements(data_of(flip_patches=True), batches=2, seed=0)["patches"]
    flipped = (found == expected[:, :, :, ::-1]).all(axis=(2, 3, 4))
    assert ((found == expected).all(axis=(2, 3, 4)) | flipped).all()
    assert abs(flipped.mean() - 0.5) < share_margin(0.5, flipped.size)


def test_what_does_not_fit_is_refused():
    for arguments in ({"drop_probability": 1.5},):
        with pytest.raises(ValueError, match="drop_probability"):
            data_of(**arguments)
    with pytest.raises(ValueError, match="patch_size=12"):
        PatchGrids(PICTURES, size=10, patch_size=12)
    assert data_of().encoder_arguments() == {"size": 10, "patch_size": 4, "stride": 2}
