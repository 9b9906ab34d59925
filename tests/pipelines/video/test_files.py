"""Video files, read from the nearest key frame on."""

import shutil

import numpy as np
import pytest

from mmssl.pipelines.video import files
from mmssl.pipelines.video.opening import open_video
from mmssl.pipelines.video.reading import decoded
from tests.pipelines.video.written import levels, numbers_of, write_video

av = pytest.importorskip("av", reason="PyAV is not installed: pip install '.[video]'")
COUNT = 23
KINDS = {
    "clip.mp4": "libx264",  # with frames that are stored in another order than shown
    "clip.mkv": "libx264",
    "clip.avi": "mpeg4",
    "clip.webm": "libvpx",
    "clip.mpg": "mpeg2video",
    "clip.mov": "mjpeg",
}
RATES = {"clip.mpg": 25}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for name, codec in KINDS.items():
        write_video(folder / name, levels(COUNT), RATES.get(name, 10), codec)
    return folder


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("first", [0, 1, 9, 10, 14, 21])
def test_a_frame_is_the_same_wherever_decoding_begins(folder, name, first):
    with open_video(str(folder / name)) as video:
        assert len(video) == COUNT
        found = list(video.frames(np.arange(first, COUNT, 2)))
    np.testing.assert_array_equal(numbers_of(found), np.arange(first, COUNT, 2))


def test_frames_come_in_any_order_and_more_than_once(folder):
    with open_video(str(folder / "clip.mp4")) as video:
        assert numbers_of(decoded(video, [7, 20, 7, 0])).tolist() == [7, 20, 7, 0]


def test_no_more_is_decoded_than_from_the_key_frame_before_to_the_frame_behind(folder, monkeypatch):
    seen, whole = [], files.VideoFile._decoded

    def counted(self, target):
        for begin, frame in whole(self, target):
            seen.append(begin)
            yield begin, frame

    monkeypatch.setattr(files.VideoFile, "_decoded", counted)
    with open_video(str(folder / "clip.mkv")) as video:
        list(video.frames([17]))
    assert len(seen) <= 2 + 5 + 1


def test_bytes_are_read_as_their_file(folder):
    with open_video((folder / "clip.mp4").read_bytes()) as video:
        assert numbers_of(video.frames([3, 12])).tolist() == [3, 12]


def test_a_varying_rate_is_seen_at_equal_distances_in_time(tmp_path):
    # Frame 2 stands for a second, the others for a tenth each.
    times = [0, 10, 20, *range(120, 220, 10)]
    path = tmp_path / "uneven.mkv"
    write_video(path, levels(len(times)), times=times)
    with open_video(str(path)) as video:
        seen = numbers_of(video.frames(np.arange(len(video))))
    step = 220 / len(times)
    moments = (np.arange(len(times)) + 0.5) * step
    expected = np.searchsorted(times, moments, side="right") - 1
    np.testing.assert_array_equal(seen, expected)
    assert (seen == 2).sum() == 6


@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_a_video_that_lay_on_its_side_is_turned_upright(tmp_path, rotation):
    frames = levels(4)
    frames[:, :4, :6] = 255  # a light corner, at the top left
    path = tmp_path / "turned.mp4"
    write_video(path, frames, rotation=rotation)
    with open_video(str(path)) as video:
        shape = video.read_through()
        (found,) = video.frames([1])
    expected = np.rot90(frames[1], rotation // 90)
    assert found.shape == expected.shape == tuple(shape[1:])
    np.testing.assert_array_equal(found[..., 0] > 128, expected[..., 0] > 128)


def test_a_sound_track_is_passed_over_and_does_not_count(tmp_path):
    write_video(tmp_path / "loud.mp4", levels(6), sound=True)
    with open_video(str(tmp_path / "loud.mp4")) as video:
        assert video.read_through().tolist() == [6, 16, 24, 3]


def test_a_title_in_another_encoding_does_not_matter(tmp_path):
    path = tmp_path / "titled.mkv"
    write_video(path, levels(3), title="Fahrt X")
    path.write_bytes(path.read_bytes().replace(b"Fahrt X", b"Fahrt \xe9"))
    with open_video(str(path)) as video:
        assert numbers_of(video.frames([2])).tolist() == [2]


def _without_picture(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _half(path, folder):
    data = (folder / "clip.mp4").read_bytes()
    path.write_bytes(data[: len(data) // 2])


REFUSED = {
    "empty": (lambda path, folder: path.write_bytes(b""), "it is empty"),
    "text": (lambda path, folder: path.write_text("no video " * 99), "no video that can be read"),
    "sound": (lambda path, folder: _without_picture(path), "no video track"),
    "half": (_half, "damaged"),
    "still": (lambda path, folder: write_video(path, levels(1)), "it has 1 frame"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_video_is_refused_with_the_reason(folder, tmp_path, name):
    make, reason = REFUSED[name]
    make(tmp_path / "wrong.mp4", folder)
    with pytest.raises(ValueError, match=reason):
        open_video(str(tmp_path / "wrong.mp4")).read_through()


def test_a_file_that_breaks_off_is_refused(folder, tmp_path):
    data = (folder / "clip.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(ValueError, match=r"truncated|damaged"):
        open_video(str(tmp_path / "cut.avi")).read_through()


def test_a_file_that_was_replaced_is_measured_anew(folder, tmp_path):
    path = tmp_path / "changing.mp4"
    shutil.copy(folder / "clip.mp4", path)
    with open_video(str(path)) as video:
        assert len(video) == COUNT
    write_video(path, levels(7))
    with open_video(str(path)) as video:
        assert len(video) == 7


def test_without_pyav_the_command_is_told(folder, monkeypatch):
    def missing():
        raise ImportError(files.INSTALL)

    monkeypatch.setattr(files, "imported", missing)
    with pytest.raises(ImportError, match=r"pip install 'mmssl\[video\]'"):
        open_video(str(folder / "clip.mp4"))
