import numpy as np
import tensorflow as tf

from mmssl.losses.perceptual import perceptual_distance
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

SHAPES = {"large": (2, 4, 4, 3), "small": (2, 2, 2, 5)}


def maps(seed=0):
    draws = np.random.default_rng(seed)
    return {name: draws.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}


def test_it_is_the_formula():
    expected = 0
    for name in SHAPES:
        f, g = (maps(seed)[name] for seed in (0, 1))
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
    f = maps()
    scaled, turned = ({name: k * x for name, x in f.items()} for k in (3, -1))
    assert_close(perceptual_distance(f, scaled), 0, ROUNDING, scale=1)
    assert_close(perceptual_distance(f, turned), 4 * len(SHAPES), SUM)


def test_a_place_without_any_channel_has_a_finite_gradient():
    silent = {name: tf.zeros(shape) for name, shape in SHAPES.items()}
    with tf.GradientTape() as tape:
        tape.watch(silent)
        distance = tf.reduce_sum(perceptual_distance(silent, maps()))
    assert all(np.isfinite(g).all() for g in tape.gradient(distance, silent).values())


def test_maps_in_half_precision_are_raised_first():
    halves = [tf.nest.map_structure(lambda x: tf.cast(x, "bfloat16"), maps(n)) for n in (0, 1)]
    exact = [tf.nest.map_structure(lambda x: tf.cast(x, "float32"), half) for half in halves]
    assert_close(perceptual_distance(*halves), perceptual_distance(*exact), NETWORK)
