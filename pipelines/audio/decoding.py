"""Decoding of audio files to mono waveforms of one sample rate, inside a graph."""

import io
import tempfile
import warnings

import numpy as np
import soundfile
import tensorflow as tf

AUDIO_EXTENSIONS = (
    *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3"),
    *(".aif", ".aiff", ".aifc", ".au", ".caf", ".w64"),
)
_FULL_SCALE = {tf.uint8: 128.0, tf.int8: 128.0, tf.int16: 2.0**15, tf.int32: 2.0**31}


def decode_audio(data, sample_rate):
    """Decodes an audio file to mono at a given sample rate.

    Common 16-bit WAV is decoded by TensorFlow; everything else (8, 24 and 32-bit and float WAV,
    FLAC, Ogg Vorbis and Opus, MP3, AIFF) by libsndfile, and what that rejects by librosa.

    Args:
        data: scalar string tensor, the file.
        sample_rate: int, samples per second of the result.

    Returns:
        float32 tensor (T,), full scale 1.0; peaks beyond it are kept. The operation fails for a
        file that cannot be decoded, is empty, or contains NaN or infinity.
    """
    wave = tf.cond(
        _is_plain(data),
        lambda: _decode_plain(data, sample_rate),
        lambda: _in_python(lambda encoded: _read(encoded, sample_rate), data),
    )
    return check_waveform(wave)


def resample(wave, rate, sample_rate):
    """Converts a waveform to another sample rate, in high quality (soxr through librosa).

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
            tf.Assert(tf.size(wave) > 0, ["it has no samples"]),
            tf.Assert(finite, ["it has samples that are not finite numbers"]),
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
    bytes_a_second = (rate + 2**16 * rate_high) * frame
    return (
        (tf.strings.substr(head, 0, 4) == b"RIFF")
        & (tf.strings.substr(head, 8, 12) == b"WAVEfmt \x10\0\0\0")
        & ((kind == 1) & (bits == 16) & (frame == 2 * channels))
        & (speed + 2**16 * speed_high == bytes_a_second)
        & (tf.strings.substr(head, 40, 4) != b"\xff\xff\xff\xff")  # a stream of unknown length
    )


def _decode_plain(data, sample_rate):
    wave, rate = tf.audio.decode_wav(data)
    return resample(tf.reduce_mean(wave, axis=1), rate, sample_rate)


def _in_python(function, *tensors):
    wave = tf.numpy_function(function, tensors, tf.float32, stateful=False)
    return tf.ensure_shape(wave, [None])


def _read(data, sample_rate):
    data = data.item() if isinstance(data, np.ndarray) else data  # an array in eager execution
    if data[:4] == b"RIFF" and len(data) < int.from_bytes(data[4:8], "little") < 2**32 - 1:
        raise ValueError("the file is truncated")
    try:
        wave, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        wave, rate = _read_with_librosa(data, error)
    return _resample(wave.mean(axis=1), rate, sample_rate)


def _read_with_librosa(data, libsndfile_error):
    import librosa

    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about falling back to another decoder
                wave, rate = librosa.load(file.name, sr=None, mono=False)
        except Exception as error:
            raise ValueError(libsndfile_error.error_string) from error
    return np.atleast_2d(wave).T, int(rate)


def _resample(wave, rate, sample_rate):
    if rate <= 0:
        raise ValueError(f"the file declares a sample rate of {rate}")
    if rate == sample_rate or len(wave) == 0:
        return np.asarray(wave, np.float32)
    import librosa

    converted = librosa.resample(wave, orig_sr=rate, target_sr=sample_rate, res_type="soxr_hq")
    return np.asarray(converted, np.float32)
