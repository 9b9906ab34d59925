"""Recordings that are read in parts, so that memory does not follow their length."""

import io
import math

import numpy as np
import soundfile
import tensorflow as tf

from mmssl.pipelines.audio.decoding import decode_audio

# Of the lower of the two rates: more than the resampling filter reaches, so that a part is the
# same, within a few roundings, as if the whole had been converted.
MARGIN = 400
MOST_FRAMES = 2**40  # files whose header states more, or nothing, are decoded to their end


def open_recording(file, sample_rate):
    """Opens a recording to read parts of it.

    Args:
        file: str, path of an audio file; or bytes, its content.
        sample_rate: int, samples per second of what is read.

    Returns:
        `Recording`; or `Whole` for the few files that only a decoder of whole files reads.
    """
    try:
        sound = soundfile.SoundFile(file if isinstance(file, str) else io.BytesIO(file))
    except soundfile.LibsndfileError:
        return Whole(_decoded(file, sample_rate))
    if not sound.seekable() or not 0 < sound.frames < MOST_FRAMES:
        sound.close()
        return Whole(_decoded(file, sample_rate))
    return Recording(sound, sample_rate)


def _decoded(file, sample_rate):
    data = tf.io.read_file(file) if isinstance(file, str) else tf.constant(file)
    return decode_audio(data, sample_rate).numpy()


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
        self._sample_rate = sample_rate
        common = math.gcd(sound.samplerate, sample_rate)
        self._from, self._to = sound.samplerate // common, sample_rate // common

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._sound.close()

    def __len__(self):
        """Returns the number of samples at `sample_rate`."""
        return -(-self._sound.frames * self._to // self._from)

    def span(self, start, size):
        """Reads a part.

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
        self._sound.seek(min(start, self._sound.frames))
        return self._sound.read(end - start, "float32", always_2d=True).mean(axis=1)

    def _converted(self, wave):
        import librosa

        rates = {"orig_sr": self._from, "target_sr": self._to}
        return librosa.resample(wave, **rates, res_type="soxr_hq").astype(np.float32)
