"""Triples of frames: which are in order, and where they are taken from."""

import functools
import itertools

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.video import FrameTriples
from mmssl.pipelines.video.motion import motion, window_weights
from mmssl.pipelines.video.triples import triple
from tests.pipelines.elements import drawn, elements
from tests.pipelines.video.written import STEP, levels
from tests.tolerances import ROUNDING, assert_close, share_margin


def triples(source, **options):
    return FrameTriples(source, **({"size": 4, "spacing": 2, "batch_size": 4} | options))


@functools.cache
def many():
    """Numbers of frames, int (N, 3), and whether they are in order, int (N,)."""
    found = elements(triples([levels(24)] * 4, size=1), 400)
    shown = np.rint(found["frames"].mean(axis=(2, 3, 4)) * 255 / STEP).astype(int)
    return shown, found["in_order"]


def test_of_the_six_orders_of_three_frames_two_have_the_middle_one_between_the_others():
    frames = tf.constant([1, 2, 3, 4, 5], tf.int64)
    made = {
        (tuple(triple(frames, tf.constant(label), tf.constant(draws)).numpy()), label)
        for label in (0, 1)
        for draws in itertools.product((0.1, 0.9), repeat=2)
    }
    in_order = {((2, 3, 4), 1), ((4, 3, 2), 1)}
    out_of_order = {((2, 1, 4), 0), ((4, 1, 2), 0), ((2, 5, 4), 0), ((4, 5, 2), 0)}
    assert made == in_order | out_of_order


def test_the_label_says_whether_the_middle_frame_lies_between_the_others():
    shown, in_order = many()
    low, high = np.minimum(shown[:, 0], shown[:, 2]), np.maximum(shown[:, 0], shown[:, 2])
    between = (low < shown[:, 1]) & (shown[:, 1] < high)
    np.testing.assert_array_equal(between, in_order == 1)
    assert (np.diff(np.sort(shown), axis=1) > 0).all()


@pytest.mark.parametrize("wrong", [1, 3])
def test_one_of_so_many_is_in_order_in_every_batch(wrong):
    for batch in triples([levels(12)] * 4, wrong=wrong).batches().take(5).as_numpy_iterator():
        assert batch["in_order"].sum() == 4 // (1 + wrong)
        assert batch["in_order"].dtype == np.int32


def test_half_of_all_are_shown_backwards_whatever_the_answer():
    shown, in_order = many()
    for label in (0, 1):
        backwards = np.mean((shown[:, 0] > shown[:, 2])[in_order == label])
        assert abs(backwards - 0.5) < share_margin(0.5, (in_order == label).sum())


def test_the_outer_frames_say_nothing_of_the_answer():
    shown, in_order = many()
    apart = np.abs(shown[:, 0] - shown[:, 2])
    for value in np.unique(apart):
        shares = [np.mean(apart[in_order == label] == value) for label in (0, 1)]
        margin = share_margin(shares[0], (in_order == 1).sum()) * 2
        assert abs(shares[0] - shares[1]) < margin


def test_frames_come_from_where_something_moves():
    # Still, but for the frames from 20 on.
    frames = np.concatenate([np.repeat(levels(1), 20, axis=0), levels(20)])
    data = triples([frames] * 4, spacing=1).prepare()
    found = drawn(lambda key: data.ordered_frames(tf.constant(0, tf.int64), key), 500)
    assert (np.diff(found, axis=1) > 0).all()
    assert set(found[:, -1]) == set(range(21, 40))  # the first to differ from the one before


def test_a_still_video_is_taken_from_anywhere_and_stays_still():
    still = np.random.default_rng(0).integers(0, 256, (4, 1, 16, 24, 3), np.uint8)
    found = elements(triples(list(np.repeat(still, 12, axis=1))))["frames"]
    np.testing.assert_array_equal(found, np.broadcast_to(found[:, :1], found.shape))


def test_windows_weigh_as_much_as_moves_in_them():
    weights = window_weights(np.array([0, 1, 2, 0, 0], "float32"), 3)
    assert_close(weights, np.array([1, 3, 2, 0]) / 6, ROUNDING)
    assert_close(window_weights(np.zeros(5, "float32"), 3), 0.25, ROUNDING)


def test_motion_is_the_mean_change_of_gray():
    frames = levels(4, 40, 70)
    frames[2:] += 30
    found = motion(frames)
    assert_close(found, np.array([STEP, STEP + 30, STEP]) / 255, ROUNDING)


def test_short_videos_are_taken_closer_together_or_left_out_and_named(caplog):
    data = triples([levels(n) for n in (4, 7, 24, 5, 6)]).prepare()
    assert data.count == 4
    assert "left out 1 of 5 videos, with fewer than 5 frames: row 0" in caplog.text
    assert [data.item_name(i) for i in range(4)] == ["row 1", "row 2", "row 3", "row 4"]
    np.testing.assert_array_equal(data.item_of(np.arange(4)), [1, 2, 3, 4])
    with pytest.raises(ValueError, match="no video has the 5 frames"):
        triples([levels(4)] * 4).prepare()


def test_an_encoder_sees_the_middle_frames_of_the_window_in_the_middle():
    data = triples([levels(24)] * 4)
    assert data.middle(24).tolist() == [10, 12, 14]
    assert data.middle(7).tolist() == [2, 3, 4]
    assert data.middle(3).tolist() == [0, 1, 2]
    (batch,) = data.examples(data.open(data.source), batch_size=4).as_numpy_iterator()
    assert batch["frames"].shape == (4, 3, 4, 4, 3)
    assert data.encoder_arguments() == {"size": 4, "frames": 3}


def test_one_channel_of_all_frames_takes_the_place_of_three():
    colors = np.broadcast_to(np.array([10, 100, 200], np.uint8), (4, 12, 16, 24, 3)).copy()
    found = elements(triples(colors, channel_probability=1.0), 30)["frames"]
    assert_close(found, np.broadcast_to(found[:, :1, :1, :1, :1], found.shape), ROUNDING)
    assert set(np.rint(found[:, 0, 0, 0, 0] * 255)) == {10, 100, 200}


@pytest.mark.parametrize("options", [{"wrong": 0}, {"channel_probability": 2}, {"spacing": 0}])
def test_arguments_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options)) if "spacing" not in options else "1"):
        triples([levels(9)], **options)
