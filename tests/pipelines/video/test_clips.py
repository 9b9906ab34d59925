"""Clips of videos: which frames, and one crop for all of them."""

import numpy as np
import pytest

from mmssl.pipelines.video import VideoClips
from tests.pipelines.elements import elements, same
from tests.pipelines.video.written import (
    STEP,
    levels,
    numbers_of,
    write_animation,
    write_frames,
)
from tests.tolerances import ROUNDING, assert_close


def videos(*lengths):
    return [levels(length) for length in lengths]


def clips(source, **options):
    given = {"size": 4, "frames": 3, "stride": 2, "batch_size": 2} | options
    return VideoClips(source, **given)


def shown(frames):
    """Which frames of `levels` clips show, int (B, T)."""
    return np.rint(frames.mean(axis=(2, 3, 4)) * 255 / STEP).astype(int)


def test_a_clip_is_that_many_frames_that_far_apart_and_begins_anywhere_it_fits():
    found = shown(elements(clips(videos(8, 8)), 40)["frames"])
    assert (np.diff(found, axis=1) == 2).all()
    assert set(found[:, 0]) == {0, 1, 2, 3}


def test_the_frames_of_a_short_video_come_round_again():
    found = shown(elements(clips(videos(4, 4)), 40)["frames"])
    assert set(map(tuple, found)) == {(0, 2, 0), (1, 3, 1), (2, 0, 2), (3, 1, 3)}


def test_all_frames_of_a_clip_have_one_crop_and_one_flip():
    still = np.random.default_rng(0).integers(0, 256, (3, 1, 16, 24, 3), np.uint8)
    found = elements(clips(list(np.repeat(still, 9, axis=1)), size=8))["frames"]
    np.testing.assert_array_equal(found, np.broadcast_to(found[:, :1], found.shape))
    assert len(np.unique(found[:, 0], axis=0)) == len(found)


def test_half_of_the_clips_are_flipped_or_none():
    ramp = np.broadcast_to(np.arange(24, dtype=np.uint8)[:, None] * 9, (2, 9, 16, 24, 3)).copy()

    def rightward(**options):
        frames = elements(clips(ramp, **options), 40)["frames"]
        return np.mean(frames[:, 0, 0, -1, 0] > frames[:, 0, 0, 0, 0])

    assert rightward(flip=False) == 1
    assert 0.2 < rightward() < 0.8


def test_a_trained_encoder_sees_the_square_in_the_middle_of_the_clip_in_the_middle():
    frames = levels(9)
    frames[:, :, :4] = frames[:, :, -4:] = 255  # beside the square
    data = clips([frames, frames])
    (batch,) = data.examples(data.open(data.source), batch_size=2).as_numpy_iterator()
    assert batch["frames"].shape == (2, 3, 4, 4, 3)
    assert shown(batch["frames"]).tolist() == [[2, 4, 6]] * 2
    seen = data.preview(data.open(data.source), 0)
    assert (seen.shape, seen.dtype) == ((3, 16, 24, 3), np.uint8)


def test_what_is_embedded_together_fits_in_memory_and_keeps_its_order(monkeypatch):
    monkeypatch.setattr("mmssl.pipelines.video.clips.PIXELS", 3 * 3 * 4**2)
    data = clips(videos(*range(7, 15)))
    examples, long = data.numbered_examples(data.open(data.source))
    batches = list(examples.as_numpy_iterator())
    assert [len(numbers) for numbers, _ in batches] == [3, 3, 2]
    assert all(len(batch["frames"]) == len(numbers) for numbers, batch in batches)
    np.testing.assert_array_equal(np.concatenate([n for n, _ in batches]), np.arange(8))
    assert not len(long)


def test_gray_videos_have_three_equal_channels():
    gray = [np.full((5, 16, 24, 1), 40, np.uint8), np.full((5, 16, 24, 1), 90, np.uint8)]
    found = elements(clips(gray))["frames"]
    assert found.shape[-1] == 3
    assert set(np.rint(found.mean(axis=(1, 2, 3)).ravel() * 255)) == {40, 90}


@pytest.mark.parametrize("cache", [True, False])
def test_files_folders_and_arrays_give_the_same_clips(tmp_path, cache):
    made = videos(9, 11, 12)
    for number, frames in enumerate(made):
        write_animation(tmp_path / "animated" / f"{number}.webp", frames)
        write_frames(tmp_path / "folders" / str(number), frames)
    expected = elements(clips(made))["frames"]
    for folder in ("animated", "folders"):
        data = clips(str(tmp_path / folder), cache=cache)
        assert_close(elements(data)["frames"], expected, ROUNDING)
        assert (data.kept_bytes() > 0) == cache
        assert data.shapes[:, 0].tolist() == [9, 11, 12]


def test_video_files_give_clips_in_little_memory(tmp_path):
    from tests.pipelines.video.written import write_video

    for number in range(2):
        write_video(tmp_path / f"{number}.mp4", levels(20))
    data = clips(str(tmp_path))
    data.cache_bytes = 20 * 16 * 24 * 3  # of one of the two
    found = shown(elements(data, 10)["frames"])
    assert data.kept_bytes() == 0
    assert (np.diff(found, axis=1) == 2).all()


def test_what_cannot_be_read_is_skipped_named_and_counted(tmp_path):
    for number in range(3):
        write_animation(tmp_path / f"{number}.gif", levels(6))
    (tmp_path / "broken.gif").write_bytes(b"GIF89a")
    (tmp_path / "notes.docx").write_bytes(b"x")
    data = clips(str(tmp_path), skip_ratio=0.5).prepare(tmp_path)
    assert len(data.items) == 3
    ((name, reason),) = data.skipped
    assert name == "broken.gif"
    assert "damaged" in reason
    assert "notes.docx" in (tmp_path / "skipped.txt").read_text()


def test_a_resumed_run_sees_the_batches_that_would_have_come(tmp_path):
    for number in range(4):
        write_animation(tmp_path / f"{number}.webp", levels(9 + number))
    whole = elements(clips(str(tmp_path)), 6)["frames"]
    rest = elements(clips(str(tmp_path)), 3, start_step=3)["frames"]
    np.testing.assert_array_equal(rest, whole[6:])
    assert same(elements(clips(str(tmp_path), num_parallel_calls=1), 6), {"frames": whole})


def test_numbers_of_frames_are_those_written():
    assert numbers_of(levels(4)).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"frames": 0}, "frames=0 must be 1 or more"),
        ({"stride": 0}, "stride=0 must be 1 or more"),
        ({"size": 0}, "size=0 must be 1 or more"),
        ({"scale": (0.5, 2.0)}, "scale"),
        ({"ratio": (2.0, 1.0)}, "ratio"),
    ],
)
def test_arguments_out_of_range_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        clips(videos(5), **options)


def test_arrays_of_pictures_are_no_videos():
    with pytest.raises(ValueError, match=r"rank 3|does not read"):
        clips(np.zeros((4, 8, 8, 3), np.uint8)).prepare()
