"""What is on the screen at a moment."""

import numpy as np
import pytest

from mmssl.pipelines.video.shown import Timeline, shown


def test_frames_that_last_equally_long_are_looked_at_once_each_in_their_middle():
    timeline = Timeline(start=100, end=140, frames=4)
    np.testing.assert_array_equal(timeline.moments([0, 1, 3]), [105, 115, 135])


def test_a_frame_that_lasts_longer_is_seen_more_often():
    begins = {0: "a", 10: "b", 20: "c", 100: "d"}
    moments = Timeline(0, 110, 4).moments(range(4))
    assert list(shown(begins.items(), moments)) == ["b", "c", "c", "c"]


def test_before_the_first_frame_the_first_is_seen_and_behind_the_last_the_last():
    assert list(shown([(10, "a"), (20, "b")], [1, 15, 19, 20, 99])) == ["a", "a", "a", "b", "b"]


def test_no_more_frames_are_taken_than_those_before_the_one_behind_the_last_moment():
    taken = []

    def frames():
        for n in range(100):
            taken.append(n)
            yield n, n

    assert list(shown(frames(), [2.5])) == [2]
    assert taken == [0, 1, 2, 3]


@pytest.mark.parametrize(("frames", "said"), [(0, "no frames"), (1, "1 frame:")])
def test_what_does_not_move_is_no_video(frames, said):
    with pytest.raises(ValueError, match=said):
        Timeline(0, 10, frames)


def test_frames_without_times_are_refused():
    with pytest.raises(ValueError, match="no times"):
        Timeline(5, 5, 3)
