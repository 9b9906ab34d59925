"""Distractors: masked, of the same row, and never the frame itself."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.audio import ContrastedWindows
from mmssl.pipelines.masks.distractors import distractors
from tests.tolerances import ROUNDING, assert_close, share_margin

CONVOLUTIONS = {"kernel_sizes": (10, 3, 3), "strides": (5, 2, 2)}


def windows(**options):
    clips = [np.random.default_rng(0).normal(0, 0.1, 8000).astype("float32")]
    given = {"span": 5, "window": 2000, "batch_size": 4, "num_distractors": 9, **options}
    return ContrastedWindows(clips, **CONVOLUTIONS, **given)


def first_batch(pipeline, start=0):
    return {name: x.numpy() for name, x in next(iter(pipeline.batches(start))).items()}


@pytest.mark.parametrize("equal_rows", [False, True])
def test_every_distractor_is_another_masked_frame_of_its_row(equal_rows):
    batch = first_batch(windows(equal_rows=equal_rows))
    for row, frame in zip(*np.nonzero(batch["mask"]), strict=True):
        drawn = batch["distractors"][row, frame]
        assert frame not in drawn
        assert batch["mask"][row, drawn].all()
    shapes = {name: (x.shape, x.dtype.name) for name, x in batch.items()}
    assert shapes["distractors"] == ((4, 99, 9), "int32")
    assert shapes["noise"] == ((4, 99), "int32")
    assert sorted(shapes) == ["distractors", "mask", "noise", "padding_mask", "waveform"]


def test_every_other_masked_frame_is_drawn_alike():
    mask = np.zeros((1, 12), "int32")
    mask[0, [1, 2, 5, 6, 11]] = 1
    draws = np.random.default_rng(0).random((1, 12, 8000)).astype("float32")
    found = distractors(tf.constant(mask), tf.constant(draws)).numpy()[0]
    for frame in (1, 2, 5, 6, 11):
        shares = np.bincount(found[frame], minlength=12) / 8000
        others = [f for f in (1, 2, 5, 6, 11) if f != frame]
        assert np.abs(shares[others] - 0.25).max() < share_margin(0.25, 8000)
        assert_close(shares.sum(), shares[others].sum(), ROUNDING)


def test_a_draw_just_below_one_is_the_last_of_the_others():
    mask = tf.constant([[1, 1, 0, 1]])
    draws = tf.fill([1, 4, 1], np.nextafter(np.float32(1), np.float32(0)))
    np.testing.assert_array_equal(distractors(mask, draws)[0, :, 0], [3, 3, 2, 1])


def test_a_frame_without_others_stands_for_itself():
    mask = tf.constant([[0, 1, 0], [0, 0, 0]])
    found = distractors(mask, tf.zeros([2, 3, 2])).numpy()
    np.testing.assert_array_equal(found, np.broadcast_to([[0], [1], [2]], (2, 3, 2)))


def test_what_is_drawn_differs_from_step_to_step_and_comes_back_with_it():
    pipeline = windows()
    first, second, again = (first_batch(pipeline, start) for start in (0, 1, 0))
    for name in ("noise", "distractors"):
        assert (first[name] != second[name]).any()
        np.testing.assert_array_equal(first[name], again[name])


def test_no_distractors_are_refused():
    with pytest.raises(ValueError, match="num_distractors=0"):
        windows(num_distractors=0)
