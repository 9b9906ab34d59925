"""Crops with the places of a few pixels."""

import numpy as np
import pytest

from mmssl.pipelines.images import ImageCrops, SampledPixels
from tests.pipelines.elements import elements
from tests.tolerances import share_margin


def of(**options):
    return SampledPixels("builtin:photos", size=16, batch_size=4, **options)


def test_pixels_lie_an_eighth_away_from_the_borders_and_everywhere_else():
    pixels = elements(of(num_pixels=50), 10)["pixels"]
    assert (pixels.dtype, pixels.shape) == (np.int32, (40, 50, 2))
    for axis in (0, 1):
        shares = np.bincount(pixels[..., axis].ravel(), minlength=16) / 2000
        assert not shares[:2].any()
        assert not shares[14:].any()
        assert np.abs(shares[2:14] - 1 / 12).max() <= share_margin(1 / 12, 2000)


def test_crops_are_plain_ones_and_pixels_follow_from_seed_and_number():
    one, again = (elements(of(), seed=5) for _ in range(2))
    plain = elements(ImageCrops("builtin:photos", size=16, batch_size=4), seed=5)
    np.testing.assert_array_equal(one["images"], plain["images"])
    np.testing.assert_array_equal(one["pixels"], again["pixels"])
    assert len({row.tobytes() for row in one["pixels"]}) == 12


def test_examples_have_the_same_pixels_at_every_call():
    data = of().prepare()
    some = data.items.select(range(5))
    [one], [again] = (list(data.sampled_examples(some).as_numpy_iterator()) for _ in range(2))
    np.testing.assert_array_equal(one["pixels"], again["pixels"])
    assert len({row.tobytes() for row in one["pixels"]}) == 5


def test_no_pixels_are_refused():
    with pytest.raises(ValueError, match="num_pixels=0 must be 1 or more"):
        of(num_pixels=0)
