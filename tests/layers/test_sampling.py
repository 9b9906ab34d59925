"""Values of maps between their places."""

import numpy as np
import tensorflow as tf

from mmssl.layers import bilinear_samples
from tests.tolerances import SUM, assert_close

MAPS = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype("float32")


def formula(maps, row, column):
    """Bilinear interpolation, of one place."""
    row, column = np.clip(row, 0, maps.shape[0] - 1), np.clip(column, 0, maps.shape[1] - 1)
    rows = np.maximum(0, 1 - np.abs(np.arange(maps.shape[0]) - row))
    columns = np.maximum(0, 1 - np.abs(np.arange(maps.shape[1]) - column))
    return np.einsum("h,w,hwc->c", rows, columns, maps)


def test_whole_places_give_the_map_itself():
    places = np.stack(np.mgrid[0:4, 0:5], -1).reshape(1, -1, 2).repeat(2, 0).astype("float32")
    np.testing.assert_array_equal(bilinear_samples(MAPS, places), MAPS.reshape(2, 20, 3))


def test_places_between_and_outside_are_those_of_the_formula():
    places = np.random.default_rng(1).uniform(-1, 5.5, (2, 30, 2)).astype("float32")
    expected = [[formula(m, *place) for place in p] for m, p in zip(MAPS, places, strict=True)]
    assert_close(bilinear_samples(MAPS, places), expected, SUM)


def test_a_map_of_one_place_is_the_same_everywhere():
    places = np.float32([[[0, 0], [0.4, 3.0]]])
    found = bilinear_samples(MAPS[:1, :1, :1], places)
    np.testing.assert_array_equal(found, MAPS[:1, :1, 0].repeat(2, 1))


def test_gradients_flow_to_the_four_around_alone():
    maps = tf.constant(MAPS)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        found = bilinear_samples(maps, tf.constant([[[1.5, 2.5]], [[0.0, 0.0]]]))
    gradient = tape.gradient(found, maps).numpy()[..., 0]
    expected = np.zeros((2, 4, 5))
    expected[0, 1:3, 2:4], expected[1, 0, 0] = 0.25, 1
    assert_close(gradient, expected, SUM)
