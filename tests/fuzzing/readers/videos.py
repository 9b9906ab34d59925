"""Readers of videos: files, if PyAV is installed, and animated pictures."""

import importlib.util

import numpy as np

from mmssl.pipelines.video.opening import open_video
from tests.fuzzing.reader import Reader
from tests.pipelines.video.written import levels, write_animation, write_video

_FRAMES = 7
_VIDEOS = {
    "a.mp4": {"rotation": 90},
    "a.mkv": {"key_frames": 2},
    "uneven.mkv": {"times": [0, 3, 4, 30, 40, 41, 90]},
    "loud.mov": {"sound": True},
    "a.avi": {"codec": "mpeg4"},
    "a.webm": {"codec": "libvpx"},
    "a.mpg": {"codec": "mpeg2video", "rate": 25},
}


def _read(name, data):
    with open_video(data) as video:
        shape = video.read_through()
        last = list(video.frames(np.array([0, len(video) - 1])))
    assert all(frame.dtype == np.uint8 for frame in last)
    assert all(frame.shape == tuple(shape[1:]) for frame in last)


def _animations(folder):
    durations = range(20, 20 + 30 * _FRAMES, 30)
    for name in ("a.gif", "a.webp"):
        write_animation(folder / name, levels(_FRAMES), durations)
    return _contents(folder), _read


def _videos(folder):
    for name, options in _VIDEOS.items():
        write_video(folder / name, levels(_FRAMES), **options)
    return _contents(folder), _read


def _contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


READERS = (Reader("videos: GIF and WebP", _animations, megabytes=2000),)
if importlib.util.find_spec("av"):
    READERS += (Reader("videos: files", _videos, megabytes=2000),)
