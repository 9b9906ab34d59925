import numpy as np
import tensorflow as tf

from mmssl.losses.perceptual import perceptual_distance
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

SHAPES = ((2, 4, 4, 3), (2, 2, 2, 5))


def maps(seed=0):
    draws = np.random.default_rng(seed)
    return [draws.normal(size=shape).astype("float32") for shape in SHAPES]


def test_it_is_the_formula():
    expected = 0
    for f, g in zip(maps(0), maps(1), strict=True):
        f, g = (x / np.linalg.norm(x.astype("float64"), axis=-1, keepdims=True) for x in (f, g))
        expected = expected + np.square(f - g).sum(axis=-1).mean(axis=(1, 2))
    found = perceptual_distance(maps(0), maps(1))
    assert found.shape == (2,)
    assert_close(found, expected, SUM)


def test_it_is_zero_for_the_same_maps_and_symmetric():
    np.testing.assert_array_equal(perceptual_distance(maps(), maps()), [0, 0])
    there, back = perceptual_distance(maps(0), maps(1)), perceptual_distance(maps(1), maps(0))
    assert_close(there, back, ROUNDING)


def test_the_length_of_a_places_channels_does_not_matter_and_their_direction_does():
    f, scaled = maps(), [3 * x for x in maps()]
    assert_close(perceptual_distance(f, scaled), 0, ROUNDING, scale=1)
    assert_close(perceptual_distance(f, [-x for x in f]), 4 * len(SHAPES), SUM)


def test_a_place_without_any_channel_has_a_finite_gradient():
    silent = [tf.zeros(shape) for shape in SHAPES]
    with tf.GradientTape() as tape:
        tape.watch(silent)
        distance = tf.reduce_sum(perceptual_distance(silent, maps()))
    assert all(np.isfinite(g).all() for g in tape.gradient(distance, silent))


def test_maps_in_half_precision_are_raised_first():
    halves = [[tf.cast(x, "bfloat16") for x in maps(seed)] for seed in (0, 1)]
    exact = [[tf.cast(x, "float32") for x in half] for half in halves]
    assert_close(perceptual_distance(*halves), perceptual_distance(*exact), NETWORK)
