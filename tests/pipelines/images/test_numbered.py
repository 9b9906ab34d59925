"""Crops and views that tell which image they are of, and orders that show groups equally often."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.balanced import Balanced
from mmssl.pipelines.images import ImageViews, NumberedCrops, NumberedViews, SampledViews
from mmssl.pipelines.parts import Parts
from tests.pipelines.elements import elements

# Each of one color, by which its crops are known.
COLORS = np.arange(10, dtype="uint8") * 20
IMAGES = [np.full((12, 12, 3), color) for color in COLORS]
PLAIN = {"size": 8, "batch_size": 4, "jitter_probability": 0.0, "gray_probability": 0.0}


def test_the_index_is_that_of_the_image_that_was_cropped():
    crops = NumberedCrops(IMAGES, size=8, batch_size=4).batches(seed=3).take(5)
    views = NumberedViews(IMAGES, **PLAIN).batches(seed=3).take(5)
    for batches, name in ((crops, "images"), (views, "images_2")):
        for batch in batches:
            shown = np.rint(np.mean(batch[name], axis=(1, 2, 3)) * 255)
            np.testing.assert_array_equal(shown, COLORS[batch["index"]])
            assert batch["index"].dtype == tf.int32


def test_views_are_those_of_the_same_pipeline_without_the_index():
    numbered, plain = (elements(made(IMAGES, **PLAIN)) for made in (SampledViews, ImageViews))
    for name in plain:
        np.testing.assert_array_equal(numbered[name], plain[name])
    assert set(numbered) == {*plain, "index", "draws"}


def test_the_keys_of_an_element_differ_and_do_not_depend_on_the_batch():
    data = SampledViews(IMAGES, **PLAIN).prepare()
    whole = np.concatenate([b["draws"] for b in data.batches(seed=1).take(2)])
    parts = [next(iter(data.batches(1, seed=1, parts=Parts(k, 1, 2))))["draws"] for k in (0, 1)]
    np.testing.assert_array_equal(whole[4:], np.concatenate(parts))
    assert len(set(whole)) == 8
    assert whole.min() >= 0
    assert np.any(whole != np.concatenate([b["draws"] for b in data.batches(seed=2).take(2)]))


def test_a_run_is_told_how_many_items_are_listed(tmp_path):
    data = NumberedViews(IMAGES, **PLAIN, limit=7)
    assert "memory_size" not in data.method_arguments()
    data.reopen(tmp_path)
    assert data.method_arguments()["memory_size"] == 7


def shown(order, count, epoch=0, seed=0):
    positions = tf.range(count, dtype=tf.int64)
    return order(positions, tf.constant(seed, tf.int64), tf.constant(epoch, tf.int64)).numpy()


def test_all_groups_are_shown_equally_often_but_for_one_and_empty_ones_never():
    groups = np.array([4] * 20 + [0] * 5 + [2] * 3)  # 1 and 3 have no element
    counts = np.bincount(groups[shown(Balanced(groups, 28), 28)], minlength=5)
    assert counts[[1, 3]].tolist() == [0, 0]
    assert sorted(counts[[0, 2, 4]]) == [9, 9, 10]


def test_a_small_group_repeats_all_its_elements_before_any_a_third_time():
    groups = np.array([0] * 3 + [1] * 25)
    counts = np.bincount(shown(Balanced(groups, 28), 28), minlength=28)
    assert counts.max() == 5
    assert sorted(counts[:3]) == [4, 5, 5]
    assert counts[3:].max() == 1


def test_the_order_follows_from_seed_and_epoch_alone():
    order = Balanced(np.arange(30) % 4, 30)
    np.testing.assert_array_equal(shown(order, 30), shown(order, 30))
    assert np.any(shown(order, 30) != shown(order, 30, epoch=1))
    assert np.any(shown(order, 30) != shown(order, 30, seed=1))
    one = order(tf.constant(5, tf.int64), tf.constant(0, tf.int64), tf.constant(0, tf.int64))
    assert int(one) == shown(order, 30)[5]


def test_balanced_data_show_the_images_of_small_groups_more_often():
    data = NumberedCrops(IMAGES, size=8, batch_size=4).prepare()
    data.balance(np.array([0] * 9 + [1]))
    often = np.bincount(np.concatenate([b["index"] for b in data.batches().take(2)]), minlength=10)
    assert often[9] == 4
    assert often[:9].max() == 1
