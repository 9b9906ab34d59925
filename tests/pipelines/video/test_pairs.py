"""Two clips of a video: how far apart they lie, and what is alike in one."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.video import ClipPairs
from mmssl.pipelines.video.pairs import distance
from tests.pipelines.elements import drawn, elements
from tests.pipelines.video.written import STEP, levels
from tests.tolerances import SUM, TRAINING, assert_close, mean_margin, share_margin

PLAIN = {"jitter_probability": 0, "gray_probability": 0}
ALL = {"blur_probability": [1, 0.1], "solarize_probability": [0, 1], "jitter_probability": 1}
FRAMES, STRIDE = 3, 2


def pairs(source, **options):
    given = {"size": 8, "frames": FRAMES, "stride": STRIDE, "batch_size": 2} | options
    return ClipPairs(source, **given)


def firsts(length=40, count=1000):
    """The first frames of drawn pairs of clips, two int (N,)."""
    data = pairs([levels(3)] * 2)
    length = tf.constant(length, tf.int64)
    return np.array(drawn(lambda key: tf.stack(data.starts(length, key)), count)).T


def test_distances_have_a_distribution_that_falls_linearly():
    fractions = np.linspace(0, 0.99, 12).astype("float32")
    cumulative = 2 * fractions - fractions**2
    assert_close(distance(tf.constant(cumulative)), fractions, SUM, scale=1.0)
    assert float(distance(tf.constant(0.0))) == 0
    assert float(distance(tf.constant(0.75))) == 0.5


def test_clips_of_a_video_lie_a_third_of_the_room_apart_on_average_and_anywhere_in_it():
    first, second = firsts()
    room = 40 - (FRAMES - 1) * STRIDE
    apart = np.abs(first - second)
    # Distances are whole frames, rounded down.
    assert abs(apart.mean() + 0.5 - room / 3) < mean_margin(apart.std(), len(apart))
    near = np.mean(apart < room / 2)
    assert abs(near - 0.75) < share_margin(0.75, len(apart))
    assert min(first.min(), second.min()) == 0
    assert max(first.max(), second.max()) == room - 1


def test_either_clip_comes_first():
    first, second = firsts()
    apart = first != second
    earlier = np.mean(first[apart] < second[apart])
    assert abs(earlier - 0.5) < share_margin(0.5, apart.sum())


def test_clips_of_a_short_video_begin_anywhere():
    first, second = firsts(4, 200)
    assert set(first) == set(second) == {0, 1, 2, 3}
    assert set(first - second) == set(range(-3, 4))


def test_the_two_clips_are_those_that_were_drawn():
    data = pairs([levels(40)] * 2, size=2, **PLAIN)
    found = elements(data, 5)
    shown = [np.rint(found[f"frames_{n}"].mean(axis=(2, 3, 4)) * 255 / STEP) for n in (1, 2)]
    assert all((np.diff(one, axis=1) == STRIDE).all() for one in shown)
    assert (shown[0] != shown[1]).any()


@pytest.mark.parametrize("options", [{}, ALL])
def test_what_rests_in_the_video_rests_in_both_clips(options):
    still = np.random.default_rng(0).integers(0, 256, (3, 1, 16, 24, 3), np.uint8)
    found = elements(pairs(list(np.repeat(still, 12, axis=1)), **options), 6)
    for clip in found.values():
        assert_close(clip, np.broadcast_to(clip[:, :1], clip.shape), SUM)
        assert clip.min() >= 0
        assert clip.max() <= 1


def test_the_two_clips_are_augmented_apart():
    still = np.random.default_rng(0).integers(0, 256, (2, 1, 16, 24, 3), np.uint8)
    found = elements(pairs(list(np.repeat(still, 12, axis=1))), 4)
    assert not any(np.array_equal(a, b) for a, b in zip(*found.values(), strict=True))


def test_contrast_is_changed_about_the_mean_of_the_clip():
    # Dark and light frames keep their distance in the same proportion.
    flicker = np.repeat([40, 80], 10)[None, :, None, None, None] * np.ones((2, 1, 8, 8, 3))
    options = {**PLAIN, "jitter": (0.0, 0.5, 0.0, 0.0), "jitter_probability": 1, "stride": 9}
    found = elements(pairs(flicker.astype(np.uint8), frames=2, size=4, **options), 20)
    clip = found["frames_1"].mean(axis=(2, 3, 4)) * 255
    apart = clip[clip[:, 0] != clip[:, 1]]
    assert len(apart)
    assert_close(apart.mean(axis=1), 60, TRAINING)  # the weights of gray add up to 0.9999


def test_only_the_second_clip_is_solarized_where_it_is_told_so():
    light = np.full((2, 12, 8, 8, 3), 204, np.uint8)
    options = {**PLAIN, "solarize_probability": [0, 1]}
    found = elements(pairs(light, **options))
    assert_close(found["frames_1"], 0.8, SUM)
    assert_close(found["frames_2"], 0.2, SUM)


def test_arguments_out_of_range_are_refused():
    with pytest.raises(ValueError, match="jitter"):
        pairs([levels(9)], jitter=(1, 1, 1, 0.6))
    with pytest.raises(ValueError, match="blur_sigma"):
        pairs([levels(9)], blur_sigma=(2.0, 1.0))
    with pytest.raises(ValueError, match="gray_probability"):
        pairs([levels(9)], gray_probability=[0.1, 0.2, 0.3])
