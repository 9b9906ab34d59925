"""Decoding of audio files to mono waveforms of one sample rate, inside a graph."""

import io
import math

import numpy as np
import soundfile
import tensorflow as tf

from mmssl.pipelines.audio.containers import regular_streams
from mmssl.pipelines.audio.mp3 import states_its_length
from mmssl.pipelines.audio.resampling import resampled

NO_SAMPLES = "it has no samples"
NOT_FINITE = "it has samples that are not finite numbers"
_FULL_SCALE = {tf.uint8: 128.0, tf.int8: 128.0, tf.int16: 2.0**15, tf.int32: 2.0**31}
# Rates further apart come from a broken header, and resampling would take all memory.
FACTOR = 64
_BLOCK = 2**20  # samples read at once
_UNKNOWN = 2**62  # frames that libsndfile reports for a stream of unknown length, or more


def decode_audio(data, sample_rate):
    """Decodes an audio file to mono at a given sample rate.

    Common 16-bit WAV is decoded by TensorFlow; everything else (other WAV, RF64 and W64, FLAC, Ogg
    Vorbis and Opus, MP3, AIFF, AU, CAF) by libsndfile. A stream of unknown length is read to the
    end of the file.

    Args:
        data: scalar string tensor, the file.
        sample_rate: int, samples per second of the result.

    Returns:
        float32 tensor (T,), full scale 1.0; peaks beyond it are kept. The operation fails for a
        file that cannot be decoded, is truncated, is empty, contains NaN or infinity, or states a
        sample rate more than 64 times higher or lower than `sample_rate`.
    """
    wave = tf.cond(
        _is_plain(data),
        lambda: _decode_plain(data, sample_rate),
        lambda: _in_python(lambda encoded: _read(encoded, sample_rate), data),
    )
    return check_waveform(wave)


def resample(wave, rate, sample_rate):
    """Converts a waveform to another sample rate; see `resampling`.

    Args:
        wave: float32 tensor (T,).
        rate: int32 scalar tensor, samples per second of `wave`.
        sample_rate: int, samples per second of the result.

    Returns:
        float32 tensor (ceil(T x sample_rate / rate),).
    """
    return tf.cond(
        rate == sample_rate,
        lambda: wave,
        lambda: _in_python(lambda w, r: _resample(w, r, sample_rate), wave, rate),
    )


def mono(array):
    """Averages the channels of an array of samples and scales integers to full scale 1.0.

    Args:
        array: tensor (T,) or (T, channels), float or integer.

    Returns:
        float32 tensor (T,).

    Raises:
        ValueError: for an array of another rank.
    """
    if array.shape.rank not in (1, 2):
        raise ValueError(
            f"a waveform must be an array (samples,) or (samples, channels), not of rank "
            f"{array.shape.rank}"
        )
    wave = tf.cast(array, tf.float32)
    if array.dtype == tf.uint8:
        wave -= 128.0
    wave /= _FULL_SCALE.get(array.dtype, 1.0)
    return wave if wave.shape.rank == 1 else tf.reduce_mean(wave, axis=1)


def check_waveform(wave):
    """Returns a waveform unchanged, or fails if it is empty or contains NaN or infinity."""
    finite = tf.reduce_all(tf.math.is_finite(wave))
    with tf.control_dependencies(
        [
            tf.Assert(tf.size(wave) > 0, [NO_SAMPLES]),
            tf.Assert(finite, [NOT_FINITE]),
        ]
    ):
        return tf.ensure_shape(tf.identity(wave), [None])


def _is_plain(data):
    """Returns whether a file is 16-bit PCM WAV in its plainest form, which TensorFlow decodes."""
    # Zero-padded, so that a file shorter than a header can be parsed, too.
    head = tf.strings.join([tf.strings.substr(data, 0, 44), b"\0" * 44])
    numbers = tf.io.decode_raw(tf.strings.substr(head, 20, 16), tf.uint16)
    kind, channels, rate, rate_high, speed, speed_high, frame, bits = tf.unstack(
        tf.cast(tf.reshape(numbers, [8]), tf.int64)
    )
    samples = tf.io.decode_raw(tf.strings.substr(head, 40, 4), tf.int32)[0]
    bytes_a_second = (rate + 2**16 * rate_high) * frame
    return (
        (tf.strings.substr(head, 0, 4) == b"RIFF")
        & (tf.strings.substr(head, 8, 12) == b"WAVEfmt \x10\0\0\0")
        & ((kind == 1) & (bits == 16) & (frame == 2 * channels))
        & (speed + 2**16 * speed_high == bytes_a_second)
        & (tf.strings.substr(head, 36, 4) == b"data")
        & (samples == tf.strings.length(data) - 44)
    )


def _decode_plain(data, sample_rate):
    wave, rate = tf.audio.decode_wav(data)
    return resample(tf.reduce_mean(wave, axis=1), rate, sample_rate)


def _in_python(function, *tensors):
    wave = tf.numpy_function(function, tensors, tf.float32, stateful=False)
    return tf.ensure_shape(wave, [None])


def read_audio(data, sample_rate):
    """Decodes an audio file as `decode_audio` does, outside a graph.

    Args:
        data: bytes, the file.
        sample_rate: int, samples per second of the result.

    Returns:
        float32 array (T,).

    Raises:
        ValueError: when the file cannot be used; the message is the reason.
    """
    wave = _read(data, sample_rate)
    if not len(wave):
        raise ValueError(NO_SAMPLES)
    if not np.isfinite(wave).all():
        raise ValueError(NOT_FINITE)
    return wave


def _read(data, sample_rate):
    data = data.item() if isinstance(data, np.ndarray) else data  # an array in eager execution
    return np.concatenate([_read_stream(part, sample_rate) for part in regular_streams(data)])


def _read_stream(data, sample_rate):
    try:
        with _FrontToBack(io.BytesIO(data)) as file:
            wave = np.concatenate([np.empty(0, np.float32), *_blocks(file)])
            rate, stated = file.samplerate, file.frames
            estimated = stated >= _UNKNOWN or (file.format == "MP3" and not states_its_length(data))
    except soundfile.LibsndfileError as error:
        raise ValueError(error.error_string) from error
    if len(wave) < stated and not estimated:
        raise ValueError(f"it is truncated: {len(wave)} of {stated} samples can be read")
    return _resample(wave, rate, sample_rate)


class _FrontToBack(soundfile.SoundFile):
    """A file without seeking, which fails in FLAC of unknown length."""

    def seekable(self):
        return False


def _blocks(file):
    """Yields the mean of the channels, piece by piece: some headers do not state the length."""
    frames = max(1, _BLOCK // file.channels)
    while len(block := file.read(frames, dtype="float32", always_2d=True)):
        yield block.mean(axis=1)


def check_rate(rate, sample_rate):
    """Checks that sound of a rate can be converted to `sample_rate`, both in hertz.

    Raises:
        ValueError: when they are further apart than any recording and recipe.
    """
    low, high = math.ceil(sample_rate / FACTOR), sample_rate * FACTOR
    if not low <= rate <= high:
        raise ValueError(
            f"its sample rate is stated as {rate} Hz: from {low} to {high} Hz can be converted to "
            f"{sample_rate} Hz"
        )


def _resample(wave, rate, sample_rate):
    check_rate(rate, sample_rate)
    return resampled(wave, int(rate), sample_rate)
