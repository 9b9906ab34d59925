"""Video files, of which some frames are decoded, from the nearest key frame on."""

import functools
import io
import os

import numpy as np

from mmssl.pipelines.images.pillow import MAX_PIXELS
from mmssl.pipelines.video.shown import Timeline, shown

INSTALL = "reading video files needs PyAV: pip install 'mmssl[video]'"
NO_VIDEO = "it has no video track"
MOST_SOUGHT = 6  # seeks, each from further before, until one lands on a key frame
FIRST_STEP = 1.0  # seconds from where the second one begins; each goes four times as far back
LOST = 0.02  # of the time that a header states, which may be missing at the end


def open_file(file):
    """Opens a video file, other than an animated picture.

    Args:
        file: str, its path; or bytes, its content.

    Returns:
        `VideoFile`, for a `with`.

    Raises:
        ValueError: it cannot be read, or has no video track; the message is the reason.
        ImportError: PyAV is missing.
    """
    av = imported()
    if os.path.getsize(file) == 0 if isinstance(file, str) else not file:
        raise ValueError("it is empty")
    try:
        container = _opened(file)
    except (av.FFmpegError, OSError) as error:
        raise ValueError(f"it is no video that can be read, or damaged: {_plain(error)}") from None
    try:
        return VideoFile(file, container, _track(container))
    except Exception:
        container.close()
        raise


def _opened(file):
    given = file if isinstance(file, str) else io.BytesIO(file)
    # Titles and comments in another encoding do not matter.
    return imported().open(given, "r", metadata_errors="replace")


@functools.cache
def imported():
    """Returns the module `av`, or says how to install it."""
    try:
        import av
    except ImportError:
        raise ImportError(INSTALL) from None
    return av


def _track(container):
    """The first video track that is not the picture on the cover of a recording."""
    cover = imported().stream.Disposition.attached_pic
    tracks = [track for track in container.streams.video if not track.disposition & cover]
    if not tracks:
        raise ValueError(NO_VIDEO)
    track = tracks[0]
    if track.codec_context is None:
        raise ValueError("its video track is in a format without a decoder")
    if track.width * track.height > MAX_PIXELS:
        raise ValueError(f"its frames have more than {MAX_PIXELS} pixels, the limit")
    track.codec_context.thread_count = 1  # several files are read at a time
    return track


class VideoFile:
    """A file with a video track.

    Args:
        file: see `open_file`.
        container: av.container.InputContainer, closed at the end of a `with`.
        track: its av.VideoStream.

    Attributes:
        timeline: Timeline, by the times of its packets, in the track's time base.
    """

    def __init__(self, file, container, track):
        self._container, self._track = container, track
        self.timeline = _timeline(file, container, track)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._container.close()

    def __len__(self):
        return self.timeline.frames

    @property
    def seconds(self):
        """How long the video lasts, float."""
        return float((self.timeline.end - self.timeline.start) * self._track.time_base)

    def frames(self, numbers):
        """Decodes frames, from the key frame before the first one on.

        Args:
            numbers: int array (L,), ascending.

        Yields:
            L uint8 arrays (H, W, 3), upright, of one size.
        """
        moments = self.timeline.moments(numbers)
        decoded = self._from(moments[0]) if len(moments) else ()
        size, before, pixels = None, None, None
        for frame in shown(decoded, moments):
            if frame is not before:  # one that is shown for long is converted once
                size = size or (frame.width, frame.height)
                before, pixels = frame, self._pixels(frame, size)
            yield pixels

    def read_through(self):
        """Decodes all of it, a frame at a time.

        Returns:
            int64 array (4,): number of frames, height, width, 3.

        Raises:
            ValueError: a part of it is damaged or missing.
        """
        first, good = None, 0
        for _, frame in self._decoded(None):
            first = first or frame
            good += not frame.is_corrupt
        if first is None:
            raise ValueError("none of its frames can be decoded")
        self._check_whole(good)
        shape = self._pixels(first, (first.width, first.height)).shape
        return np.array([len(self), *shape], np.int64)

    def _pixels(self, frame, size):
        """Converts a frame of av to uint8 (H, W, 3), upright and of square pixels."""
        width, height = size
        width = max(1, round(width * float(self._track.sample_aspect_ratio or 1)))
        pixels = frame.to_ndarray(format="rgb24", width=width, height=height)
        return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))

    def _check_whole(self, good):
        stated = self._container.duration  # in microseconds
        end = float(self.timeline.end * self._track.time_base)
        if stated and self._track.duration is None and not self._container.streams.audio:
            start = (self._container.start_time or 0) / 1e6
            if end - start < stated / 1e6 * (1 - LOST) - 0.1:
                raise ValueError(
                    f"it is truncated: {end - start:.1f} of {stated / 1e6:.1f} s can be read"
                )
        expected = max(self._track.frames, len(self))
        if good < expected - 1 - LOST * expected:
            raise ValueError(
                f"it is damaged or truncated: {good} of {expected} frames can be decoded"
            )

    def _from(self, moment):
        """Decodes on from a key frame that begins before a moment."""
        start, second = self.timeline.start, 1 / self._track.time_base
        back = 0.0
        for _ in range(MOST_SOUGHT):
            target = int(moment - back * float(second))
            if target <= start:
                break
            frames = self._after_key(target)
            begin, first = next(frames, (None, None))
            if first is not None and begin <= moment:
                return _with(begin, first, frames)
            # Seeking goes by the times of decoding in some formats, or by the bytes in others.
            back = max(FIRST_STEP, 4 * back)
        return self._decoded(None)

    def _after_key(self, target):
        """Decodes on from the first key frame behind which a seek lands."""
        keyed = False
        for begin, frame in self._decoded(target):
            keyed = keyed or frame.key_frame
            if keyed:
                yield begin, frame

    def _decoded(self, target):
        """Yields (begin, frame) from about `target` on, in ticks; from the first one for None."""
        av = imported()
        whole = target is None
        try:
            self._container.seek(
                self.timeline.start if whole else target, stream=self._track, backward=True
            )
        except (av.FFmpegError, OSError):
            if not whole:
                return
            self._container.seek(0)
        last = -np.inf
        packets = self._container.demux(self._track)
        while True:
            try:
                frames = next(packets).decode()
            except StopIteration:
                return
            except av.EOFError:
                return
            except (av.FFmpegError, OSError) as error:
                if whole:
                    raise ValueError(f"it is damaged: {_plain(error)}") from None
                continue
            for frame in frames:
                begin = _time(frame)
                if begin is not None and begin >= last:
                    last = begin
                    yield begin, frame


def _with(begin, frame, rest):
    yield begin, frame
    yield from rest


def _time(packet):
    return packet.dts if packet.pts is None else packet.pts


def _timeline(file, container, track):
    if not isinstance(file, str):
        return _measured(container, track)
    found = os.stat(file)
    return _measured_on_disk(file, found.st_size, found.st_mtime_ns)


@functools.lru_cache(2**14)
def _measured_on_disk(file, size, changed):
    """Looks once at a file of which many clips are read, as long as it stays the same."""
    with _opened(file) as container:
        return _measured(container, _track(container))


def _measured(container, track):
    """Goes through the packets of a track, without decoding them."""
    av = imported()
    count, start, end, longest = 0, None, None, 0
    packets = container.demux(track)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except (av.FFmpegError, OSError):
            break  # what can be read of it ends here; `read_through` says so
        begin = _time(packet)
        if begin is None or packet.size == 0 or packet.is_discard:
            continue
        count += 1
        start = begin if start is None else min(start, begin)
        end = begin if end is None else max(end, begin)
        longest = packet.duration or longest
    if start is None:
        raise ValueError("it has no frames")
    spread = (end - start) // max(1, count - 1)
    return Timeline(start, end + (longest or max(1, spread)), count)


def _plain(error):
    return getattr(error, "strerror", None) or " ".join(str(error).split())
