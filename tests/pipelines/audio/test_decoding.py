"""Sound files of every kind, against an independent reader."""

import functools
import io

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from mmssl.pipelines.audio.decoding import check_waveform, decode_audio, mono, resample
from tests.tolerances import ROUNDING, assert_close, assert_within

# Of full scale, what the resampling filter passes and what it stops.
RIPPLE, LEAK = 2e-3, 1e-3


def encode(wave, rate=8000, **kwargs):
    file = io.BytesIO()
    soundfile.write(file, wave, rate, **kwargs)
    return file.getvalue()


@functools.cache
def in_a_graph(rate):
    return tf.function(lambda data: decode_audio(data, rate), [tf.TensorSpec([], tf.string)])


def decode(data, rate=8000):
    return in_a_graph(rate)(data).numpy()


def noise(samples=4000, channels=1, seed=0):
    return np.random.default_rng(seed).uniform(-0.9, 0.9, (samples, channels))


def sine(rate, seconds=0.5, pitch=440.0):
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        ("WAV", "PCM_U8"),
        ("WAV", "PCM_16"),
        ("WAV", "PCM_24"),
        ("WAV", "PCM_32"),
        ("WAV", "FLOAT"),
        ("WAV", "DOUBLE"),
        ("WAV", "ULAW"),
        ("WAVEX", "PCM_16"),
        ("FLAC", "PCM_16"),
        ("FLAC", "PCM_24"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("MP3", "MPEG_LAYER_III"),
        ("AIFF", "PCM_16"),
        ("AU", "PCM_16"),
        ("CAF", "PCM_16"),
    ],
)
def test_every_format_equals_the_mean_of_what_soundfile_reads(kind, subtype, channels):
    data = encode(noise(channels=channels), format=kind, subtype=subtype)
    expected, _ = soundfile.read(io.BytesIO(data), always_2d=True)
    assert_close(decode(data), expected.mean(axis=1), ROUNDING)


def test_peaks_beyond_full_scale_are_kept():
    data = encode(2.5 * noise(), format="WAV", subtype="FLOAT")
    assert np.abs(decode(data)).max() > 2


def test_a_header_with_a_wrong_byte_rate_does_no_harm():
    data = encode(noise(), format="WAV", subtype="PCM_16")
    np.testing.assert_array_equal(decode(data[:28] + bytes(4) + data[32:]), decode(data))


@pytest.mark.parametrize("rate", [4000, 11025, 16000, 44100])
def test_a_resampled_sine_keeps_its_length_pitch_and_loudness(rate):
    wave = decode(encode(sine(rate), rate, format="FLAC"), 8000)
    assert len(wave) == 4000
    inner = slice(400, 3600)  # away from the filter's edges
    assert_within(wave[inner], sine(8000)[inner], RIPPLE)


def test_what_the_new_rate_cannot_hold_is_filtered_away():
    wave = decode(encode(sine(16000, pitch=6000), 16000, format="WAV"), 8000)
    assert_within(wave[400:3600], 0, LEAK)


def test_a_common_wav_is_resampled_like_any_other():
    data = encode(noise(), 8000, format="WAV", subtype="PCM_16")
    other = encode(noise(), 8000, format="AIFF", subtype="PCM_16")
    assert_close(decode(data, 12345), decode(other, 12345), ROUNDING)


def test_arrays_are_resampled_in_a_graph():
    wave = tf.constant(sine(16000), tf.float32)
    half = tf.function(lambda w: resample(w, tf.constant(16000), 8000))(wave)
    assert_within(half[400:3600], sine(8000)[400:3600], RIPPLE)
    same = resample(wave, tf.constant(8000), 8000)
    np.testing.assert_array_equal(same, wave)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([-32768, 0, 16384], np.int16), [-1, 0, 0.5]),
        (np.array([0, 128, 192], np.uint8), [-1, 0, 0.5]),
        (np.array([-(2**31), 2**30], np.int32), [-1, 0.5]),
        (np.array([[0.5, 1.5], [1, 2]], np.float64), [1, 1.5]),
    ],
)
def test_arrays_of_any_type_become_mono_at_full_scale_one(array, expected):
    wave = mono(tf.constant(array))
    assert wave.dtype == tf.float32
    assert_close(wave, expected, ROUNDING)


def test_an_array_of_another_rank_is_refused():
    with pytest.raises(ValueError, match="not of rank 3"):
        mono(tf.zeros([2, 2, 2]))


WAV = encode(noise(), format="WAV", subtype="PCM_16")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not recognised"),
        (b"RIFF", "no samples"),
        (b"no sound at all", "not recognised"),
        (WAV[:30], "no samples"),
        (WAV[:44], "truncated: 0 of 8000 bytes"),
        (WAV[:2000], "truncated: 1956 of 8000 bytes"),
        (encode(noise(), format="WAV", subtype="PCM_24")[:2000], "truncated"),
        (encode(noise(), format="FLAC")[:100], "."),
        (encode(np.zeros((0, 1)), format="WAV"), "no samples"),
        (encode(np.full(9, np.nan), format="WAV", subtype="FLOAT"), "not finite numbers"),
        (WAV[:24] + bytes(8) + WAV[32:], "sample rate is stated as 0 Hz"),
        (encode(noise(), 1, format="WAV"), "as 1 Hz: from 125 to 512000 Hz"),
        (encode(noise(), 1, format="FLAC"), "as 1 Hz: from 125 to 512000 Hz"),
        (encode(noise(), 600_000, format="AU"), "as 600000 Hz: from 125 to 512000 Hz"),
        (WAV[:24] + (4 * 10**9).to_bytes(4, "little") + WAV[28:], "as 4000000000 Hz"),
        (WAV[:22] + b"\xff\xff" + WAV[24:], "Too many channels"),
    ],
)
def test_what_cannot_be_decoded_fails_with_a_reason(data, reason):
    with pytest.raises(tf.errors.OpError, match=reason):
        decode(data)


def test_empty_arrays_fail():
    with pytest.raises(tf.errors.InvalidArgumentError, match="no samples"):
        check_waveform(tf.zeros([0]))


def test_arrays_of_an_absurd_rate_are_refused():
    with pytest.raises(ValueError, match="as 1 Hz"):
        resample(tf.zeros([9]), tf.constant(1), 8000)
