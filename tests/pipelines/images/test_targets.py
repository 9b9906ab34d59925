"""Crops beside their targets: gray, binary, corrupted, and with noise beside them."""

import numpy as np
import pytest

from mmssl.pipelines.images import (
    CorruptedCrops,
    ImageCrops,
    LatentCrops,
    NoiseBeside,
    TargetCrops,
    UnitCrops,
)
from tests.pipelines.elements import elements, same
from tests.tolerances import STANDARD_ERRORS, SUM, assert_close

SIZES = {"size": 8, "batch_size": 4}


def photos(count=8):
    return list(np.random.default_rng(1).integers(0, 256, (count, 12, 14, 3)).astype("uint8"))


def test_a_target_is_the_mean_of_the_channels_of_a_plain_crop():
    found = elements(TargetCrops(photos(), **SIZES), seed=3)
    plain = elements(ImageCrops(photos(), **SIZES), seed=3)["images"]
    assert_close(found["target"], plain.mean(axis=-1, keepdims=True), SUM)
    np.testing.assert_array_equal(found["images"], np.repeat(found["target"], 3, axis=-1))


def test_in_color_a_target_is_the_crop():
    found = elements(TargetCrops(photos(), gray=False, **SIZES), seed=3)
    plain = elements(ImageCrops(photos(), **SIZES), seed=3)["images"]
    np.testing.assert_array_equal(found["target"], plain)
    np.testing.assert_array_equal(found["images"], plain)


def test_a_binary_target_is_1_as_often_as_the_crop_is_bright():
    flat = [np.full((12, 12, 3), 51, "uint8")] * 8
    found = elements(TargetCrops(flat, binarize=True, **SIZES), batches=30)["target"]
    assert set(np.unique(found)) == {0, 1}
    error = np.sqrt(0.2 * 0.8 / found.size)
    assert abs(found.mean() - 0.2) < STANDARD_ERRORS * error


def test_only_what_the_encoder_sees_is_corrupted():
    data = CorruptedCrops(photos(), corruption="masking", amount=0.4, **SIZES)
    found, clean = elements(data, seed=3), elements(TargetCrops(photos(), **SIZES), seed=3)
    np.testing.assert_array_equal(found["target"], clean["target"])
    expected = np.where(found["corrupted"] == 1, 0, found["target"])
    np.testing.assert_array_equal(found["images"], np.repeat(expected, 3, axis=-1))
    assert 0.3 < found["corrupted"].mean() < 0.5


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (LatentCrops(photos(), latents=5, **SIZES), (5,)),
        (NoiseBeside(photos(), **SIZES), (8, 8, 1)),
        (UnitCrops(photos(), widths=(10, 70), sweeps=2, **SIZES), (2, 80)),
    ],
)
def test_noise_is_normal_and_of_the_shape_that_a_method_needs(data, shape):
    found, again = elements(data, batches=20), elements(data, batches=20)
    assert found["noise"].shape == (80, *shape)
    assert same(found, again)
    assert abs(found["noise"].mean()) < STANDARD_ERRORS / np.sqrt(found["noise"].size)
    assert len(np.unique(found["noise"])) > 0.99 * found["noise"].size


def test_the_noise_of_units_reaches_for_any_two_neighboring_layers():
    assert UnitCrops(photos(), widths=(10, 7), **SIZES).noise_shape() == (1, 74)


def test_fixed_elements_are_whole_pictures_with_the_same_draws_at_every_call():
    data = CorruptedCrops(photos(), **SIZES).prepare()
    batches = [list(data.fixed_elements(data.source, 3).as_numpy_iterator()) for _ in range(2)]
    assert [len(batch["target"]) for batch in batches[0]] == [3, 3, 2]
    assert all(same(*pair) for pair in zip(*batches, strict=True))
    whole = next(data.examples(data.items, batch_size=3).as_numpy_iterator())["images"]
    assert_close(batches[0][0]["target"], whole.mean(axis=-1, keepdims=True), SUM)
    assert not np.array_equal(batches[0][0]["corrupted"][0], batches[0][0]["corrupted"][1])


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: LatentCrops(photos(), latents=0), "latents=0"),
        (lambda: UnitCrops(photos(), widths=()), "widths="),
        (lambda: UnitCrops(photos(), sweeps=0), "sweeps=0"),
        (lambda: CorruptedCrops(photos(), amount=2.0), "amount=2.0"),
    ],
)
def test_what_cannot_be_is_refused(build, words):
    with pytest.raises(ValueError, match=words):
        build()
