"""Animated pictures, GIF and WebP, and folders of frames, read by Pillow."""

import functools
import io
import os

import numpy as np
from PIL import Image, UnidentifiedImageError

from mmssl.pipelines.images.pillow import MAX_PIXELS, read_image
from mmssl.pipelines.video.shown import LEAST_FRAMES, Timeline

FORMATS = ("GIF", "WEBP")
FRAME_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP")
_QUICK, _SLOW = 10, 100  # milliseconds: as in browsers, what lasts no longer than the first lasts


class Animation:
    """An animated GIF or WebP.

    Args:
        file: str, its path; or bytes, its content.

    Attributes:
        timeline: Timeline in milliseconds.

    Raises:
        ValueError: it is damaged, or a still picture.
    """

    def __init__(self, file):
        self._image = _opened(file)
        self._begins = _begins_of(file, self._image)
        self.timeline = Timeline(0, int(self._begins[-1]), len(self._begins) - 1)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._image.close()

    def __len__(self):
        return self.timeline.frames

    @property
    def seconds(self):
        """See `VideoFile.seconds`."""
        return self.timeline.end / 1000

    def frames(self, numbers):
        """See `VideoFile.frames`; a frame is made from those before, which are decoded, too."""
        moments = self.timeline.moments(numbers)
        for place in np.searchsorted(self._begins, moments, side="right") - 1:
            yield _frame(self._image, int(place))

    def read_through(self):
        """See `VideoFile.read_through`."""
        for frame in self.frames(np.arange(len(self))):
            shape = frame.shape
        return np.array([len(self), *shape], np.int64)


class FrameFiles:
    """The frames of a video, a picture file each.

    Args:
        paths: list of str, in order.
    """

    def __init__(self, paths):
        self._paths = paths

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def __len__(self):
        return len(self._paths)

    def frames(self, numbers):
        """See `VideoFile.frames`."""
        shape = None
        for number in numbers:
            path = self._paths[number]
            try:
                with open(path, "rb") as file:
                    frame = read_image(file.read(), FRAME_FORMATS)
            except (ValueError, OSError) as error:
                reason = getattr(error, "strerror", None) or error
                raise ValueError(f"{os.path.basename(path)}: {reason}") from None
            if shape not in (None, frame.shape):
                raise ValueError(
                    f"its frames differ in size: {os.path.basename(path)} has {_size(frame.shape)} "
                    f"pixels, one before {_size(shape)}"
                )
            shape = frame.shape
            yield frame

    def read_through(self):
        """See `VideoFile.read_through`."""
        if len(self) < LEAST_FRAMES:
            raise ValueError(f"it has 1 frame: a video has {LEAST_FRAMES} or more")
        for frame in self.frames(range(len(self))):
            shape = frame.shape
        return np.array([len(self), *shape], np.int64)


def is_animation(start):
    """Returns whether a file that begins with some bytes is a GIF or WebP."""
    return start[:4] == b"GIF8" or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")


def _opened(file):
    try:
        image = Image.open(file if isinstance(file, str) else io.BytesIO(file), formats=FORMATS)
    except Image.DecompressionBombError:
        raise ValueError(f"it has more than {MAX_PIXELS} pixels, the limit") from None
    except UnidentifiedImageError:
        raise ValueError("it is damaged: its header is neither of GIF nor of WebP") from None
    except Exception as error:  # of many types, from many decoders
        raise ValueError(f"it is damaged or truncated: {error}") from None
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"it has more than {MAX_PIXELS} pixels, the limit")
    return image


def _begins_of(file, image):
    if not isinstance(file, str):
        return _measured(image)
    found = os.stat(file)
    return _measured_on_disk(file, found.st_size, found.st_mtime_ns)


@functools.lru_cache(2**14)
def _measured_on_disk(file, size, changed):
    """See `mmssl.pipelines.video.files`."""
    with _opened(file) as image:
        return _measured(image)


def _measured(image):
    """Returns when each frame begins, and the last one ends, in milliseconds: int64 (T + 1,)."""
    begins = [0]
    try:
        for place in range(getattr(image, "n_frames", 1)):
            image.seek(place)
            image.load()  # of WebP, which tells the time only then
            lasts = image.info.get("duration") or 0
            begins.append(begins[-1] + (lasts if lasts > _QUICK else _SLOW))
    except Exception as error:  # see above
        raise ValueError(f"it is damaged or truncated: {error}") from None
    return np.array(begins, np.int64)


def _frame(image, place):
    try:
        image.seek(place)
        frame = image.convert("RGBA") if image.has_transparency_data else image.convert("RGB")
    except Exception as error:  # see above
        raise ValueError(f"it is damaged or truncated: {error}") from None
    if frame.mode == "RGBA":
        frame = Image.alpha_composite(Image.new("RGBA", frame.size, "white"), frame).convert("RGB")
    return np.asarray(frame)


def _size(shape):
    return f"{shape[1]}x{shape[0]}"
