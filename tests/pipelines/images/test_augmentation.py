"""Every augmentation of pictures against its definition, written anew in NumPy."""

import colorsys

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.elements import uniforms
from mmssl.pipelines.images.augmentation import (
    adjust_hue,
    color_jitter,
    ordered_blends,
    random_blur,
    random_color_jitter,
    random_grayscale,
    random_horizontal_flip,
    random_solarize,
)
from mmssl.pipelines.images.resampling import (
    crop_batch_to_columns,
    crop_boxes,
    crop_to_columns,
    to_columns,
    to_images,
)
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

LUMA = np.array([0.2989, 0.587, 0.114])


def pictures(count=4, size=12, seed=0):
    return np.random.default_rng(seed).random((count, size, size, 3), np.float32)


def shown_by(augmentation, images, *arguments):
    """Runs an augmentation of columns on pictures (B, H, W, C)."""
    return to_images(augmentation(to_columns(images), *map(tf.constant, arguments))).numpy()


def draws(*shape, seed=1):
    return np.random.default_rng(seed).random(shape, np.float32)


def test_draws_below_one_half_mirror_left_to_right():
    images = pictures()
    expected = np.stack([images[0, :, ::-1], images[1], images[2], images[3, :, ::-1]])
    shown = shown_by(random_horizontal_flip, images, [0.0, 0.5, 0.9, 0.49])
    np.testing.assert_array_equal(shown, expected)


def test_gray_is_the_luma_in_every_channel():
    images = pictures()
    shown = shown_by(random_grayscale, images, [0.19, 0.2, 0.0, 1.0], 0.2)
    gray = np.repeat((images @ LUMA)[..., None], 3, axis=-1)
    assert_close(shown[[0, 2]], gray[[0, 2]], ROUNDING)
    np.testing.assert_array_equal(shown[[1, 3]], images[[1, 3]])


def test_solarized_values_are_inverted_from_the_threshold_on():
    images = pictures()
    images[0, 0, 0] = [0.5, 0.49, 1.0]
    shown = shown_by(random_solarize, images, [0.0, 0.5, 0.1, 0.3], 0.2)
    assert_close(shown[0, 0, 0], [0.5, 0.49, 0.0], ROUNDING)
    assert_close(shown[[0, 2]], np.where(images >= 0.5, 1 - images, images)[[0, 2]], ROUNDING)
    np.testing.assert_array_equal(shown[[1, 3]], images[[1, 3]])


def hue_by_hand(image, turn):
    turned = []
    for pixel in image.reshape(-1, 3):
        hue, saturation, value = colorsys.rgb_to_hsv(*map(float, pixel))
        turned.append(colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value))
    return np.reshape(turned, image.shape)


@pytest.mark.parametrize("turn", [-0.5, -0.2, 0.0, 0.1, 0.5])
def test_hue_is_turned_in_hsv(turn):
    images = pictures(1)
    corners = np.stack(np.meshgrid(*[[0.0, 0.5, 1.0]] * 3), axis=-1).reshape(-1, 3)
    images[0].reshape(-1, 3)[:27] = corners
    shown = shown_by(adjust_hue, images, [turn])
    assert_close(shown[0], hue_by_hand(images[0], turn), SUM)
    assert_close(shown, tf.image.adjust_hue(images, turn), SUM)


def jitter_by_hand(image, factors, turn, places):
    def blend(other, factor):
        return np.clip(image * factor + (1 - factor) * other, 0, 1)

    for change in np.argsort(places):
        if change == 0:
            image = np.clip(image * factors[0], 0, 1)
        elif change == 1:
            image = blend((image @ LUMA).mean(), factors[1])
        elif change == 2:
            image = blend((image @ LUMA)[..., None], factors[2])
        else:
            image = hue_by_hand(image, turn)
    return image


def test_colors_are_jittered_in_the_order_drawn():
    rng = np.random.default_rng(2)
    orders = np.array([rng.permutation(4) for _ in range(40)], np.float32)
    assert len({tuple(order) for order in orders}) > 15
    images = pictures(40, 5)
    factors = rng.uniform(0.2, 1.8, (40, 3)).astype(np.float32)
    turns = rng.uniform(-0.2, 0.2, 40).astype(np.float32)
    shown = shown_by(color_jitter, images, *ordered_blends(factors, turns, orders))
    for i in range(40):
        expected = jitter_by_hand(images[i].astype(float), factors[i], turns[i], orders[i])
        assert_close(shown[i], expected, NETWORK)


def test_factors_are_uniform_about_one_and_the_share_is_kept():
    images = pictures(50, 3)
    drawn = draws(50, 9)
    drawn[:3, 0] = [0.79, 0.81, 0.0]
    drawn[:3, 1:5] = [[0.25, 0.5, 1.0, 0.75]] * 3
    shown = shown_by(
        lambda x, d: random_color_jitter(x, d, (0.8, 1.5, 0.4, 0.2), 0.8), images, drawn
    )
    for i in (0, 2):
        factors = [0.2 + 0.25 * 1.6, 0.5 * 2.5, 1.4]
        expected = jitter_by_hand(images[i].astype(float), factors, 0.1, drawn[i, 5:])
        assert_close(shown[i], expected, SUM)
    left = drawn[:, 0] >= 0.8
    assert_close(shown[left], images[left], SUM)
    assert 0 <= shown.min() <= shown.max() <= 1


def blur_by_hand(image, radius, sigma):
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights /= weights.sum()
    padded = np.pad(image, [(radius, radius), (radius, radius), (0, 0)], mode="reflect")
    shown = np.zeros_like(image)
    for down, vertical in enumerate(weights):
        for right, horizontal in enumerate(weights):
            part = padded[down : down + image.shape[0], right : right + image.shape[1]]
            shown += vertical * horizontal * part
    return shown


@pytest.mark.parametrize(("size", "radius"), [(4, 1), (32, 1), (40, 2), (96, 4)])
def test_blur_is_a_gaussian_of_a_tenth_of_the_height(size, radius):
    images = pictures(3, size)
    drawn = np.array([[0.1, 0.0], [0.49, 0.7], [0.5, 0.7]], np.float32)
    shown = shown_by(lambda x, d: random_blur(x, d, 0.5, (0.1, 2.0)), images, drawn)
    assert_close(shown[0], images[0], ROUNDING)
    expected = blur_by_hand(images[1].astype(float), radius, 0.1 + 0.7 * 1.9)
    assert_close(shown[1], expected, SUM)
    np.testing.assert_array_equal(shown[2], images[2])


def test_blur_leaves_pictures_alone_that_are_not_chosen():
    images = pictures(2, 40)
    shown = shown_by(lambda x, d: random_blur(x, d, 0.1), images, draws(2, 2) + 0.1)
    np.testing.assert_array_equal(shown, images)


@pytest.mark.parametrize("box", [(0, 0, 30, 50), (3, 7, 20, 11), (5, 0, 9, 50), (29, 49, 1, 1)])
@pytest.mark.parametrize("size", [1, 8, 24])
def test_a_box_is_cut_and_resized_antialiased_alone_and_beside_others(box, size):
    image = np.random.default_rng(0).integers(0, 256, (30, 50, 3)).astype(np.uint8)
    top, left, height, width = box
    pixels = image[top : top + height, left : left + width]
    expected = tf.image.resize(pixels, [size, size], antialias=True)
    alone = to_images(crop_to_columns(image[np.newaxis], tf.constant([box]), size))
    assert_close(alone[0], expected, NETWORK)
    boxes = tf.constant([(0, 0, 30, 50), box])
    beside = to_images(crop_batch_to_columns(np.stack([image, image]), boxes, size))
    assert_close(beside[1], expected, NETWORK)


def test_an_element_has_its_own_numbers_wherever_it_is_drawn():
    seed = tf.constant(3, tf.int64)
    drawn = uniforms(seed, tf.constant(100, tf.int64), 50, 54).numpy()
    alone = uniforms(seed, tf.constant(117, tf.int64), 1, 54).numpy()
    np.testing.assert_array_equal(alone[0], drawn[17])
    other = uniforms(tf.constant(4, tf.int64), tf.constant(100, tf.int64), 50, 54).numpy()
    assert len(np.unique(drawn)) > 0.999 * drawn.size
    assert not np.isin(other[0], drawn[0]).any()
    assert 0 <= drawn.min() <= drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 3 / np.sqrt(12 * drawn.size)


def test_boxes_of_many_pictures_are_the_boxes_of_each():
    drawn = draws(20, 40)
    together = crop_boxes(40, 60, drawn, (0.2, 1.0), (3 / 4, 4 / 3)).numpy()
    for number in range(20):
        alone = crop_boxes(40, 60, drawn[number : number + 1], (0.2, 1.0), (3 / 4, 4 / 3))
        np.testing.assert_array_equal(alone[0], together[number])
