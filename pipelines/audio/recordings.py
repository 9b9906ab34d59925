"""Recordings that are read in parts, so that memory does not follow their length."""

import functools
import io
import math
import mmap
import os
from pathlib import Path

import numpy as np
import soundfile

from mmssl.pipelines.audio.containers import check_whole
from mmssl.pipelines.audio.decoding import NOT_FINITE, check_rate, read_audio
from mmssl.pipelines.audio.resampling import resampled

# Of the lower of the two rates: more than the resampling filter reaches, so that a part is the
# same, within a few roundings, as if the whole had been converted.
MARGIN = 400
BLOCK_OF_OGG = 8192  # frames; the first block after a seek lacks its overlap with the one before
NOT_SOUGHT = ("MP3",)  # a frame needs bits of those before, and libmpg123 complains aloud
STEP = 2**20  # frames that are skipped at once
MOST_FRAMES = 2**40  # files whose header states more, or nothing, are decoded to their end


def open_recording(file, sample_rate):
    """Opens a recording to read parts of it.

    Args:
        file: str, path of an audio file; or bytes, its content.
        sample_rate: int, samples per second of what is read.

    Returns:
        `Recording`; or `Whole` for the few files that only a decoder of whole files reads, such as
        several streams behind each other.

    Raises:
        ValueError: when its header states more samples than there are, or an absurd sample rate.
    """
    sound = _opened(file) if _is_one_stream(file) else None
    if sound is None:
        return Whole(_decoded(file, sample_rate))
    check_rate(sound.samplerate, sample_rate)
    return Recording(sound, sample_rate)


def _is_one_stream(file):
    if not isinstance(file, str):
        return check_whole(file)
    found = os.stat(file)
    return _is_one_stream_on_disk(file, found.st_size, found.st_mtime_ns)


@functools.lru_cache(2**16)
def _is_one_stream_on_disk(file, size, changed):
    """Looks once at a file of which many windows are read, as long as it stays the same."""
    if size == 0:
        return False
    with open(file, "rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return check_whole(data)


def _opened(file):
    """Opens what libsndfile reads by itself and seeks in; None for anything else."""
    try:
        sound = soundfile.SoundFile(file if isinstance(file, str) else io.BytesIO(file))
    except soundfile.LibsndfileError:
        return None
    if sound.seekable() and 0 < sound.frames < MOST_FRAMES:
        return sound
    sound.close()
    return None


def _decoded(file, sample_rate):
    return read_audio(Path(file).read_bytes() if isinstance(file, str) else file, sample_rate)


class Whole:
    """A recording in memory, read like a `Recording`.

    Args:
        wave: float32 array (T,).
    """

    def __init__(self, wave):
        self.wave = wave

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def __len__(self):
        return len(self.wave)

    def read_through(self):
        """See `Recording.read_through`: it was read, and is sound."""
        return len(self)

    def span(self, start, size):
        """See `Recording.span`."""
        return self.wave[start : start + size]


class Recording:
    """A sound file, of which parts are read as mono at a given sample rate.

    Args:
        sound: soundfile.SoundFile, closed at the end of a `with`.
        sample_rate: int, samples per second of what is read.
    """

    def __init__(self, sound, sample_rate):
        self._sound = sound
        self._reader = (Forward if sound.format in NOT_SOUGHT else Sought)(sound)
        common = math.gcd(sound.samplerate, sample_rate)
        self._from, self._to = sound.samplerate // common, sample_rate // common

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._sound.close()

    def read_through(self):
        """Reads all of it, in little memory.

        Returns:
            int, the number of samples.

        Raises:
            ValueError: when it ends early, or holds NaN or infinity.
        """
        read = 0
        for start in range(0, self._sound.frames, STEP):
            wave = self._read(start, start + STEP)
            if not np.isfinite(wave).all():
                raise ValueError(NOT_FINITE)
            read += len(wave)
            if read < min(start + STEP, self._sound.frames):
                break  # a header may state more samples than could ever be counted
        if read < self._sound.frames:
            raise ValueError(f"it is truncated: {read} of {self._sound.frames} samples can be read")
        return len(self)

    def __len__(self):
        """Returns the number of samples at `sample_rate`."""
        return -(-self._sound.frames * self._to // self._from)

    def span(self, start, size):
        """Reads a part; one after the other is fastest.

        Args:
            start: int, its first sample at `sample_rate`.
            size: int, number of samples.

        Returns:
            float32 array of `size` samples, or fewer at the end of the recording.
        """
        if self._from == self._to:
            return self._read(start, start + size)
        # In steps of `_to` samples, of which each is exactly `_from` samples of the file.
        margin = math.ceil(MARGIN * max(1.0, self._to / self._from))
        first = max(0, start - margin) // self._to
        last = -(-(start + size + margin) // self._to)
        wave = self._converted(self._read(first * self._from, last * self._from))
        offset = start - first * self._to
        return wave[offset : offset + min(size, len(self) - start)]

    def _read(self, start, end):
        try:
            return self._reader.read(start, end)
        except soundfile.LibsndfileError as error:
            raise ValueError(f"it is damaged: {error.error_string}") from error

    def _converted(self, wave):
        return resampled(wave, self._from, self._to)


class Sought:
    """Reads parts of a sound file of a format that is sought in at no cost.

    Args:
        sound: soundfile.SoundFile.
    """

    def __init__(self, sound):
        self._sound = sound
        self._before = BLOCK_OF_OGG if sound.format == "OGG" else 0

    def read(self, start, end):
        """Returns the frames from `start` to `end`, or to the end of the file, float32 (T,)."""
        first = min(max(0, start - self._before), self._sound.frames)
        self._sound.seek(first)
        return _mono(self._sound, end - first)[start - first :]


class Forward:
    """Reads parts of a sound file from the front, since seeking in it would not be exact.

    Args:
        sound: soundfile.SoundFile.
    """

    def __init__(self, sound):
        self._sound = sound
        self._first, self._last = 0, np.empty(0, np.float32)  # the part read last, for overlaps

    def read(self, start, end):
        """See `Sought.read`."""
        if start < self._first:
            self._sound.seek(0)
            self._first, self._last = 0, self._last[:0]
        self._last = self._last[start - self._first :]
        at = self._sound.tell()
        for skipped in range(at, start, STEP):
            _mono(self._sound, min(STEP, start - skipped))
        self._first = start
        more = max(0, end - start - len(self._last))
        self._last = np.concatenate([self._last, _mono(self._sound, more)])
        return self._last[: end - start]


def _mono(sound, frames):
    return sound.read(frames, "float32", always_2d=True).mean(axis=1)
