"""Pictures rounded to levels, and the same rounding inside of an encoder."""

import numpy as np
import pytest

from mmssl.layers import Intensities, to_intensities
from mmssl.pipelines.images import IntensityCrops, TargetCrops
from tests.pipelines.elements import elements

SIZES = {"size": 8, "batch_size": 4}


def photos(count=8):
    return list(np.random.default_rng(1).integers(0, 256, (count, 12, 14, 3)).astype("uint8"))


@pytest.mark.parametrize("gray", [True, False])
@pytest.mark.parametrize("levels", [2, 16, 256])
def test_levels_are_those_of_the_crop_and_the_encoder_finds_them_again(gray, levels):
    found = elements(IntensityCrops(photos(), levels=levels, gray=gray, **SIZES), seed=3)
    crop = elements(TargetCrops(photos(), gray=gray, **SIZES), seed=3)["target"]
    expected = np.minimum(np.floor(crop * np.float32(levels)), levels - 1)
    np.testing.assert_array_equal(found["intensities"], expected)
    assert found["intensities"].dtype == "int32"
    layer = Intensities(levels, gray)
    np.testing.assert_array_equal(layer(found["images"]), layer.embed(found["intensities"]))
    assert set(found) == {"images", "intensities"}


def test_of_eight_bits_a_level_takes_as_many_values_as_any_other():
    bytes_ = np.arange(256, dtype="float32") / 255
    np.testing.assert_array_equal(to_intensities(bytes_, 256), np.arange(256))
    np.testing.assert_array_equal(to_intensities(bytes_, 16), np.arange(256) // 16)


@pytest.mark.parametrize("levels", [1, 257])
def test_other_numbers_of_levels_are_refused(levels):
    with pytest.raises(ValueError, match=f"levels={levels}"):
        IntensityCrops(photos(), levels=levels)
    with pytest.raises(ValueError, match=f"levels={levels}"):
        Intensities(levels)
