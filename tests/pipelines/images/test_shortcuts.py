"""What is taken from parts of a picture is gone, and nothing else."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.images.shortcuts import NOISE, drop_colors, even_contrast, project_colors
from tests.tolerances import ROUNDING, SUM, assert_close, share_margin

PARTS = np.random.default_rng(0).random((3, 8, 8, 3), "float32")


def dropped(parts, number=0):
    return drop_colors(tf.constant(parts), tf.constant([5, number])).numpy()


def test_one_channel_of_each_part_is_kept_and_the_others_are_noise_that_knows_nothing_of_it():
    centered = PARTS - PARTS.mean(axis=(1, 2), keepdims=True)
    other = dropped(np.zeros_like(PARTS))
    for part, before, noise in zip(dropped(PARTS), centered, other, strict=True):
        kept = np.abs(part).max(axis=(0, 1)) > NOISE
        assert kept.sum() == 1
        assert_close(part[..., kept], before[..., kept], SUM)
        np.testing.assert_array_equal(part[..., ~kept], noise[..., ~kept])


def test_each_channel_is_kept_as_often_as_the_others_and_by_each_part_for_itself():
    keys = tf.data.Dataset.range(900).map(lambda n: tf.stack([tf.constant(5, tf.int64), n]))
    drawn = next(iter(keys.map(lambda key: drop_colors(tf.constant(PARTS[:2]), key)).batch(900)))
    kept = np.abs(drawn.numpy()).max(axis=(2, 3)).argmax(axis=-1)
    for channel in range(3):
        assert abs((kept == channel).mean() - 1 / 3) < share_margin(1 / 3, kept.size)
    assert abs((kept[:, 0] == kept[:, 1]).mean() - 1 / 3) < share_margin(1 / 3, len(kept))


def test_fringes_of_green_and_magenta_are_gone_and_grays_stay():
    gray = np.repeat(PARTS[..., :1], 3, axis=-1)
    fringed = gray + PARTS[..., 1:2] * np.float32([-1, 2, -1])
    assert_close(project_colors(tf.constant(gray)), gray, ROUNDING)
    assert_close(project_colors(tf.constant(fringed)), gray, ROUNDING, scale=2)


def test_brightness_and_contrast_of_a_part_are_gone():
    evened = even_contrast(tf.constant(0.4 * PARTS)).numpy()
    assert_close(even_contrast(tf.constant(0.1 + 0.8 * PARTS)), evened, SUM)
    assert_close(evened.mean(axis=(1, 2, 3)), 0.5, SUM)
    deviations = np.sqrt(((evened - 0.5) ** 2).mean(axis=(1, 2)))
    assert_close(deviations.max(axis=1), 0.25, SUM)


def test_a_flat_part_is_even_gray():
    assert_close(even_contrast(tf.fill([1, 4, 4, 3], 0.7)), 0.5, ROUNDING)
