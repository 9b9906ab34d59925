"""WAV in a graph gives the very samples that the pipeline reads, and refuses what it cannot."""

import io
import struct

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from mmssl.pipelines.in_graph import wav
from tests.pipelines.in_graph.conftest import RATE, refusal, sound_decoders


def encode(wave, rate=RATE, **kwargs):
    file = io.BytesIO()
    soundfile.write(file, wave, rate, **{"format": "WAV", **kwargs})
    return file.getvalue()


def noise(samples=1201, channels=1):
    return np.random.default_rng(0).uniform(-0.9, 0.9, (samples, channels))


def assert_read_alike(file):
    alone, pipeline = (decode(file).numpy() for decode in sound_decoders())
    np.testing.assert_array_equal(alone, pipeline)


STEREO = encode(noise(channels=2), 44100)


def with_bytes(at, new):
    return STEREO[:at] + new + STEREO[at + len(new) :]


@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize(("channels", "rate"), [(1, 8000), (2, 44100), (5, 8000)])
def test_samples_of_every_kind_are_those_of_the_pipeline(container, subtype, channels, rate):
    if (container, subtype) == ("WAVEX", "PCM_U8"):
        pytest.skip("libsndfile writes none")
    assert_read_alike(encode(noise(channels=channels), rate, format=container, subtype=subtype))


@pytest.mark.parametrize("size", [0, 2**32 - 1, 2**31 - 1 - 44, 2**32 - 1 - 36])
def test_a_size_that_was_not_known_means_all_that_follows(size):
    assert_read_alike(with_bytes(40, struct.pack("<I", size)))


@pytest.mark.parametrize(
    "chunk",
    [
        b"LIST\x03\0\0\0abc\0",  # with its pad byte
        b"LIST\x03\0\0\0abc",  # and without
        b"junk\0\0\0\0",
    ],
)
def test_chunks_before_and_behind_the_samples_are_left_out(chunk):
    assert_read_alike(STEREO[:36] + chunk + STEREO[36:] + chunk)


def test_one_sample_is_enough():
    assert_read_alike(encode([[0.5]]))


UNREADABLE = {
    "empty": (b"", "MP3, FLAC and Ogg cannot: send WAV"),
    "MP3": (b"ID3\x04" + bytes(200), "MP3, FLAC and Ogg cannot: send WAV"),
    "FLAC": (encode(noise(), format="FLAC"), "MP3, FLAC and Ogg cannot: send WAV"),
    "mu-law": (encode(noise(), subtype="ULAW"), "send WAV of 8, 16, 24 or 32 bits, or of floats"),
    "cut in its head": (STEREO[:43], "no samples, or no format"),
    "no format": (STEREO[:12] + STEREO[36:], "no samples, or no format"),
    "cut": (STEREO[:-1], "truncated"),
    "no samples": (encode(np.zeros((0, 1))), "it has no samples"),
    "NaN": (encode([[0.1], [np.nan]], subtype="FLOAT"), "not finite"),
    "slow": (with_bytes(24, struct.pack("<I", 1)), "can be converted to 8000 Hz"),
    "fast": (with_bytes(24, b"\xff" * 4), "can be converted to 8000 Hz"),
    "no channels": (with_bytes(22, bytes(2)), "cannot be decoded here"),
    "no bytes a sample": (with_bytes(32, bytes(2)), "cannot be decoded here"),
    "absurd format": (with_bytes(16, b"\xff" * 4), "no samples, or no format"),
}


@pytest.mark.parametrize(("file", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_refused_with_what_can(file, reason):
    assert reason in refusal(sound_decoders()[0], file)


def test_a_sound_that_would_take_all_memory_once_converted_is_refused(monkeypatch):
    monkeypatch.setattr(wav, "MOST_SAMPLES", 9000)
    decode = tf.function(lambda file: wav.decode_wav(file, RATE), [tf.TensorSpec([], tf.string)])
    assert "longer than 1 seconds" in refusal(decode, encode(noise(800), 500))
    assert "more than 9000 samples" in refusal(decode, encode(noise(9001), 44100))
    assert decode(encode(noise(400), 500)).shape == (6400,)


def test_no_header_ends_the_process():
    draw, decode, read = np.random.default_rng(0), sound_decoders()[0], 0
    for _ in range(150):
        file = bytearray(STEREO[:400])
        for place in draw.integers(0, 60, 3):
            file[place] = draw.integers(0, 256)
        try:
            read += len(decode(bytes(file))) > 0
        except tf.errors.InvalidArgumentError:
            continue
    assert read < 150
