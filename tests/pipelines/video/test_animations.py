"""Animated pictures, and folders of frames."""

import numpy as np
import pytest
from PIL import Image

from mmssl.pipelines.video.opening import open_video
from tests.pipelines.video.written import levels, numbers_of, write_animation, write_frames

ENDINGS = (".gif", ".webp")


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_frame_is_found_from_the_front_and_from_the_middle(tmp_path, ending):
    path = tmp_path / f"clip{ending}"
    write_animation(path, levels(9))
    with open_video(str(path)) as video:
        assert video.read_through().tolist() == [9, 16, 24, 3]
        assert numbers_of(video.frames(np.arange(9))).tolist() == list(range(9))
        assert numbers_of(video.frames([4, 8])).tolist() == [4, 8]
        assert numbers_of(video.frames([1, 2])).tolist() == [1, 2]


@pytest.mark.parametrize("ending", ENDINGS)
def test_frames_are_seen_as_long_as_they_last(tmp_path, ending):
    path = tmp_path / f"clip{ending}"
    write_animation(path, levels(4), [150, 450, 100, 100])
    with open_video(str(path)) as video:
        assert numbers_of(video.frames(np.arange(4))).tolist() == [0, 1, 1, 3]


def test_bytes_are_read_as_their_file(tmp_path):
    write_animation(tmp_path / "clip.gif", levels(3))
    with open_video((tmp_path / "clip.gif").read_bytes()) as video:
        assert numbers_of(video.frames([0, 2])).tolist() == [0, 2]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_still_picture_is_no_video(tmp_path, ending):
    Image.fromarray(levels(1)[0]).save(tmp_path / f"still{ending}")
    with pytest.raises(ValueError, match="it has 1 frame: a video has 2 or more"):
        open_video(str(tmp_path / f"still{ending}"))


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_animation_that_breaks_off_is_refused(tmp_path, ending):
    path = tmp_path / f"clip{ending}"
    write_animation(path, np.random.default_rng(0).integers(0, 255, (9, 16, 24, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:-1500])
    with pytest.raises(ValueError, match="damaged"):
        open_video(str(path)).read_through()


def test_frames_of_a_folder_are_those_of_their_files(tmp_path):
    write_frames(tmp_path / "clip", levels(12))
    paths = [str(tmp_path / "clip" / f"frame_{n}.png") for n in range(12)]
    with open_video(paths) as video:
        assert video.read_through().tolist() == [12, 16, 24, 3]
        assert numbers_of(video.frames([2, 10, 11])).tolist() == [2, 10, 11]


def test_frames_of_different_sizes_are_no_video(tmp_path):
    write_frames(tmp_path / "clip", levels(2))
    Image.fromarray(levels(1, 8, 8)[0]).save(tmp_path / "clip" / "frame_2.png")
    paths = [str(path) for path in sorted((tmp_path / "clip").iterdir())]
    with pytest.raises(ValueError, match=r"frame_2.png has 8x8 pixels, one before 24x16"):
        open_video(paths).read_through()


def test_a_broken_frame_is_named(tmp_path):
    write_frames(tmp_path / "clip", levels(3))
    (tmp_path / "clip" / "frame_1.png").write_bytes(b"none")
    paths = [str(path) for path in sorted((tmp_path / "clip").iterdir())]
    with pytest.raises(ValueError, match=r"frame_1.png: it is not JPEG"):
        open_video(paths).read_through()


def test_a_folder_of_one_picture_is_no_video(tmp_path):
    write_frames(tmp_path / "clip", levels(1))
    with pytest.raises(ValueError, match="it has 1 frame"):
        open_video([str(tmp_path / "clip" / "frame_0.png")]).read_through()
