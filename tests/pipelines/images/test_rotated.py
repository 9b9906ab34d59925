"""Pictures in four orientations, told apart by what they show alone."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.images import ImageCrops, RotatedCrops
from mmssl.pipelines.images.rotated import quarter_turns
from tests.pipelines.elements import elements

PIXELS = np.random.default_rng(0).random((5, 5, 3), "float32")


def photos(count=8):
    return list(np.random.default_rng(1).integers(0, 256, (count, 20, 30, 3)).astype("uint8"))


def turn(image, times):
    return quarter_turns(tf.constant(image))[times].numpy()


def test_the_turns_are_those_of_numpy_pixel_by_pixel():
    for times in range(4):
        np.testing.assert_array_equal(turn(PIXELS, times), np.rot90(PIXELS, times))


def test_turns_add_up():
    once, half, back = (turn(PIXELS, times) for times in (1, 2, 3))
    np.testing.assert_array_equal(turn(once, 1), half)
    np.testing.assert_array_equal(turn(once, 3), PIXELS)
    np.testing.assert_array_equal(turn(back, 1), PIXELS)
    np.testing.assert_array_equal(turn(turn(half, 1), 1), PIXELS)


def test_a_batch_has_every_crop_in_all_four_orientations():
    batch = elements(RotatedCrops(photos(), size=16, batch_size=4), seed=3)
    assert sorted(batch) == [f"images_{k}" for k in (1, 2, 3, 4)]
    for times in range(4):
        turned = np.rot90(batch["images_1"], times, axes=(1, 2))
        np.testing.assert_array_equal(batch[f"images_{times + 1}"], turned)


def test_crops_and_flips_come_before_the_turns_and_are_those_of_plain_crops():
    upright = elements(RotatedCrops(photos(), size=16, batch_size=4), seed=3)["images_1"]
    plain = elements(ImageCrops(photos(), size=16, batch_size=4), seed=3)["images"]
    np.testing.assert_array_equal(upright, plain)


def test_nothing_but_the_places_of_pixels_tells_how_a_picture_was_turned():
    batch = elements(RotatedCrops(photos(), size=16, batch_size=4))
    upright = np.sort(batch["images_1"].reshape(len(batch["images_1"]), -1, 3), axis=1)
    for name in ("images_2", "images_3", "images_4"):
        turned = np.sort(batch[name].reshape(len(batch[name]), -1, 3), axis=1)
        np.testing.assert_array_equal(turned, upright)
