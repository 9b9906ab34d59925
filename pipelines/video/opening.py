"""Opening of videos, whatever they are."""

from mmssl.pipelines.video.animations import Animation, FrameFiles, is_animation
from mmssl.pipelines.video.files import open_file


def open_video(video):
    """Opens a video to decode some of its frames.

    Args:
        video: str, path of a file; bytes, its content; or a list of str, the paths of its frames.

    Returns:
        `VideoFile`, `Animation` or `FrameFiles`, for a `with`: `len(video)` is its number of
        frames, `frames(numbers)` yields some, `read_through()` decodes all.

    Raises:
        ValueError: it is damaged, or no video; the message is the reason.
        ImportError: it is a video file, and PyAV is missing.
    """
    if isinstance(video, list):
        return FrameFiles(video)
    return Animation(video) if is_animation(_start(video)) else open_file(video)


def _start(video):
    if isinstance(video, bytes):
        return video[:12]
    with open(video, "rb") as file:
        return file.read(12)
