"""The palette: nearest colors, colors of k-means, and back."""

import numpy as np

from mmssl.layers import Palette


def palette(levels):
    layer = Palette(len(levels))
    layer.table.assign(np.array(levels) / 127.5 - 1.0)
    return layer


def test_each_pixel_gets_the_nearest_color():
    draw = np.random.default_rng(0)
    levels = draw.integers(0, 256, (9, 3))
    images = draw.random((2, 3, 4, 3)).astype("float32")
    apart = np.square(255 * images[..., None, :].astype("float64") - levels).sum(axis=-1)
    found = palette(levels)(images)
    assert found.dtype == "int32"
    np.testing.assert_array_equal(found, apart.argmin(axis=-1).reshape(2, 12))


def test_colors_of_numbers_have_these_numbers_even_where_they_differ_by_one_level():
    levels = [(r, g, b) for r in (0, 1, 254) for g in (7, 8) for b in (100, 101)]
    layer, numbers = palette(levels), np.arange(12)
    np.testing.assert_array_equal(layer.lookup(numbers), levels)
    images = layer.lookup(numbers).reshape(1, 3, 4, 3).astype("float32") / 255
    np.testing.assert_array_equal(np.asarray(layer(images))[0], numbers)


def test_few_colors_are_taken_as_they_are_and_the_last_is_repeated():
    layer = Palette(4)
    layer.learn(np.array([[0, 0, 0], [1, 1, 1], [0, 0, 0]]))
    np.testing.assert_array_equal(layer.lookup(range(4))[:, 0], [0, 255, 255, 255])
    assert np.asarray(layer(np.ones((1, 1, 1, 3), "float32"))).ravel() == [1]


def test_many_colors_are_clustered_by_how_often_they_occur():
    dark, light = np.array([[10, 0, 0], [20, 0, 0]]), np.array([[200, 0, 0]])
    pixels = np.concatenate([np.repeat(dark, [30, 10], axis=0), np.repeat(light, 5, axis=0)])
    layer = Palette(2)
    layer.learn(pixels / 255)
    # 12.5 lies between two levels.
    assert sorted(layer.lookup(range(2))[:, 0].tolist()) == [12, 200]


def test_a_seed_settles_the_colors():
    pixels = np.random.default_rng(0).random((300, 3))
    found = []
    for _ in range(2):
        layer = Palette(8)
        layer.learn(pixels)
        found.append(layer.lookup(range(8)))
    np.testing.assert_array_equal(*found)
