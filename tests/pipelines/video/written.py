"""Video files that tests write: frame n of each has the gray level STEP * n."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

STEP = 5  # far enough apart to be told after any codec


def levels(count, height=16, width=24):
    """Makes frames that are told apart by their gray level, uint8 (count, height, width, 3)."""
    values = (STEP * np.arange(count)).astype(np.uint8)
    return np.broadcast_to(values[:, None, None, None], (count, height, width, 3)).copy()


def numbers_of(frames):
    """Reads off which frames of `levels` some frames are, int (N,)."""
    return np.rint(np.asarray(list(frames), float).mean(axis=(1, 2, 3)) / STEP).astype(int)


def write_video(path, frames, rate=10, codec="libx264", key_frames=5, times=None, **track):
    """Writes a video file.

    Args:
        path: pathlib.Path; the ending chooses the format.
        frames: uint8 (T, H, W, 3).
        rate: frames per second.
        codec: name of the encoder.
        key_frames: frames from one key frame to the next.
        times: when each frame begins, in hundredths of a second; None for all equally long.
        **track: `rotation` in degrees counterclockwise; `sound`, whether there is a sound track;
            `title` of the file.
    """
    av = pytest.importorskip("av", reason="PyAV is not installed: pip install '.[video]'")
    with av.open(str(path), "w") as container:
        container.metadata["title"] = track.get("title", "")
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.gop_size = key_frames
        stream.bit_rate = 4_000_000
        if codec == "libx264":
            stream.options = {"bf": "2", "crf": "1", "sc_threshold": "0"}
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 100)
        if rotation := track.get("rotation"):
            stream.set_display_rotation(rotation)
        sound = container.add_stream("aac", rate=8000) if track.get("sound") else None
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = number if times is None else times[number]
            frame.time_base = Fraction(1, rate) if times is None else Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            silence.sample_rate, silence.pts = 8000, 0
            container.mux(sound.encode(silence))
            container.mux(sound.encode(None))


def write_animation(path, frames, durations=100):
    """Writes an animated GIF or WebP, lossless.

    Args:
        path: pathlib.Path.
        frames: uint8 (T, H, W, 3).
        durations: milliseconds of each frame, or of all.
    """
    path.parent.mkdir(exist_ok=True)
    first, *others = [Image.fromarray(frame) for frame in frames]
    given = durations if isinstance(durations, int) else list(durations)
    options = {"lossless": True} if path.suffix == ".webp" else {"disposal": 1}
    first.save(path, save_all=True, append_images=others, duration=given, loop=0, **options)


def write_frames(folder, frames, first=0):
    """Writes a folder of frames, whose names are not in order as words."""
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames, start=first):
        Image.fromarray(frame).save(folder / f"frame_{number}.png")
