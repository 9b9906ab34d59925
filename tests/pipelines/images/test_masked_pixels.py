"""Masks of pixels: their share, at least one, and the same for the same key."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.images import MaskedPixels
from tests.tolerances import assert_within, share_margin


def drawn(ratio, size, count=400):
    data = MaskedPixels("builtin:photos", size=size, mask_ratio=ratio)
    keys = tf.data.Dataset.range(count).map(lambda n: tf.stack([tf.zeros_like(n), n]))
    return np.stack([x["mask"] for x in keys.map(data.mask).as_numpy_iterator()])


def test_each_pixel_is_hidden_with_the_same_probability():
    found = drawn(0.15, 8)
    assert found.dtype == "int32"
    assert_within(found.mean(), 0.15, share_margin(0.15, found.size))
    assert len(np.unique(found.sum(axis=1))) > 5


def test_at_least_one_pixel_is_hidden_and_any_may_be_the_one():
    found = drawn(0.001, 2)
    assert (found.sum(axis=1) == 1).all()
    assert (found.sum(axis=0) > 50).all()


def test_batches_and_examples_hold_masks_beside_whole_pictures():
    data = MaskedPixels("builtin:photos", size=6, batch_size=4).prepare()
    first, again = (next(data.batches().as_numpy_iterator()) for _ in range(2))
    assert first["images"].shape == (4, 6, 6, 3)
    assert first["mask"].shape == (4, 36)
    np.testing.assert_array_equal(first["mask"], again["mask"])
    held_out = [next(data.masked_examples(data.items, 5).as_numpy_iterator()) for _ in range(2)]
    np.testing.assert_array_equal(held_out[0]["mask"], held_out[1]["mask"])
    assert held_out[0]["mask"].shape == (5, 36)


@pytest.mark.parametrize("ratio", [0, 1])
def test_a_mask_of_nothing_or_all_is_refused(ratio):
    with pytest.raises(ValueError, match="mask_ratio"):
        MaskedPixels("builtin:photos", mask_ratio=ratio)
