"""What prepared shards hold of a recording: the file as it is, FLAC, or decoded samples."""

import io

import numpy as np
import soundfile
import tensorflow as tf

from mmssl.pipelines.audio.containers import check_whole
from mmssl.pipelines.audio.decoding import check_waveform, mono, read_audio, resample
from mmssl.pipelines.audio.recordings import open_recording

_WHOLE_NUMBERS = {"PCM_S8": "PCM_S8", "PCM_16": "PCM_16", "PCM_24": "PCM_24"}
_ANY_RATE = 16000  # hertz; any that common rates can be converted to
_HALF = 2.0**15


def as_it_is(raw):
    """Returns a recording unchanged, once it has been read through.

    Args:
        raw: bytes of a file, or an array of samples.

    Raises:
        ValueError: it cannot be read; the message is the reason.
    """
    if isinstance(raw, bytes):
        with open_recording(raw, _ANY_RATE) as recording:
            recording.read_through()
    else:
        check_waveform(mono(tf.constant(raw)))
    return raw


def as_flac(raw):
    """Returns a recording in FLAC, where that holds exactly its samples; else see `as_it_is`.

    It holds whole numbers of up to 24 bits, of up to 8 channels: neither floats nor what was
    compressed with losses, which would grow besides.
    """
    as_it_is(raw)
    if not isinstance(raw, bytes) or raw[:4] == b"fLaC" or not check_whole(raw):
        return raw
    try:
        with soundfile.SoundFile(io.BytesIO(raw)) as sound:
            if sound.subtype not in _WHOLE_NUMBERS:
                return raw
            samples, rate = sound.read(dtype="int32", always_2d=True), sound.samplerate
            subtype = _WHOLE_NUMBERS[sound.subtype]
        file = io.BytesIO()
        soundfile.write(file, samples, rate, subtype, format="FLAC")
    except soundfile.LibsndfileError:
        return raw
    return file.getvalue()


def as_samples(sample_rate, given_rate=None):
    """Returns a function from a recording to its samples, mono at a sample rate.

    Args:
        sample_rate: int, samples per second.
        given_rate: int, of recordings that are arrays; None for `sample_rate`.

    Returns:
        function from bytes or an array to int16 (T,) where that holds the samples exactly, else
        to float32 (T,). It raises a ValueError or tf.errors.OpError for what cannot be read.
    """

    def samples(raw):
        if isinstance(raw, bytes):
            return _smallest(read_audio(raw, sample_rate))
        rate = tf.constant(given_rate or sample_rate)
        wave = check_waveform(resample(mono(tf.constant(raw)), rate, sample_rate))
        return _smallest(wave.numpy())

    return samples


def _smallest(wave):
    whole = np.clip(np.round(wave * _HALF), -_HALF, _HALF - 1).astype(np.int16)
    return whole if np.array_equal(whole.astype(np.float32) / np.float32(_HALF), wave) else wave
