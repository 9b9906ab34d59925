"""Containers that are written as they should not be, and still hold all their sound."""

import struct

import numpy as np
import pytest
import tensorflow as tf

from tests.pipelines.audio.test_decoding import decode, encode, noise

FORMAT = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
WAVE = noise()
SAMPLES = (WAVE[:, 0] * 2**15).astype("<i2")
PCM = SAMPLES.tobytes()
UNKNOWN = [0, 0x7FFFF000, 0x80000000, 0xFFFFFFFF]


def chunk(name, content, size=None, pad=True):
    size = len(content) if size is None else size
    return name + struct.pack("<I", size) + content + bytes(len(content) % 2 * pad)


def wav(*chunks, size=None, kind=b"RIFF"):
    content = b"WAVE" + b"".join(chunks)
    return kind + struct.pack("<I", len(content) if size is None else size) + content


def patched(data, at, content):
    return data[:at] + content + data[at + len(content) :]


def assert_whole(data):
    np.testing.assert_array_equal(decode(data), SAMPLES / np.float32(2**15))


FMT, DATA = chunk(b"fmt ", FORMAT), chunk(b"data", PCM)
ODD, UNPADDED = chunk(b"LIST", b"abc"), chunk(b"LIST", b"abc", pad=False)
PARTS = [
    (ODD, FMT, DATA),
    (FMT, ODD, DATA),
    (UNPADDED, FMT, DATA),
    (FMT, UNPADDED, DATA),
    (FMT, DATA, ODD),
    (FMT, DATA, UNPADDED),
    (chunk(b"JUNK", bytes(28)), chunk(b"bext", bytes(602)), FMT, chunk(b"fact", PCM[:4]), DATA),
    (FMT, DATA, DATA),
]


@pytest.mark.parametrize("parts", PARTS)
def test_chunks_around_the_samples_do_no_harm(parts):
    assert_whole(wav(*parts))


def test_samples_of_odd_size_may_lack_their_pad_byte():
    eight = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8))
    for pad in (True, False):
        odd = chunk(b"data", bytes(range(7)), pad=pad)
        assert decode(wav(eight, odd, ODD)).shape == (7,)


@pytest.mark.parametrize("size", UNKNOWN)
@pytest.mark.parametrize("before", [(FMT,), (FMT, ODD), (FMT, chunk(b"LIST", bytes(26)))])
def test_a_wav_from_a_pipe_is_read_to_its_end(size, before):
    samples = chunk(b"data", PCM, size)
    assert_whole(wav(*before, samples, size=size))
    assert_whole(wav(*before, samples))


@pytest.mark.parametrize("kind", [b"RF64", b"BW64"])
@pytest.mark.parametrize("size", [0, len(PCM), 2**64 - 1])
def test_a_wav_of_64_bit_sizes_is_read(kind, size):
    sizes = chunk(b"ds64", struct.pack("<QQQI", size, size, 0, 0))
    samples = chunk(b"data", PCM, 2**32 - 1)
    assert_whole(wav(sizes, FMT, samples, size=2**32 - 1, kind=kind))


def stream_of(kind):
    """Returns a file whose header states no length, as it is written to a pipe."""
    data = encode(WAVE, format=kind, subtype="PCM_16")
    if kind == "AU":
        return patched(data, 8, bytes(4))
    if kind == "FLAC":
        return patched(data, 22, bytes(4))
    name, size = {
        "AIFF": (b"SSND", struct.pack(">I", 0x7F000008)),
        "CAF": (b"data", struct.pack(">q", -1)),
        "W64": (b"data", struct.pack("<Q", 24)),
    }[kind]
    return patched(data, data.index(name) + (16 if kind == "W64" else 4), size)


@pytest.mark.parametrize("kind", ["AIFF", "AU", "CAF", "FLAC", "W64"])
def test_a_stream_of_any_kind_is_read_to_its_end(kind):
    whole = decode(encode(WAVE, format=kind, subtype="PCM_16"))
    np.testing.assert_array_equal(decode(stream_of(kind)), whole)


KINDS = ["WAV", "RIFX", "RF64", "AIFF", "AU", "CAF", "W64", "FLAC", "OGG", "MP3"]


def encoded(kind):
    more = {"format": "WAV", "endian": "BIG"} if kind == "RIFX" else {"format": kind}
    return encode(WAVE, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_its_end_is_refused_and_not_taken_for_a_shorter_one(kind):
    data = encoded(kind)
    assert decode(data).shape == (4000,)
    with pytest.raises(tf.errors.OpError, match=r"truncated|lost sync"):
        decode(data[: len(data) * 2 // 3])


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "MP3"])
def test_a_tag_in_front_changes_nothing(kind):
    tag = b"ID3\4\0\0\0\0\1\x0a" + bytes(138)
    np.testing.assert_array_equal(decode(tag + tag + encoded(kind)), decode(encoded(kind)))


def test_what_lies_in_front_of_an_mp3_is_left_out():
    before = np.random.default_rng(0).integers(0, 255, 3000, np.uint8).tobytes()
    for garbage in (bytes(3000), before):
        np.testing.assert_array_equal(decode(garbage + encoded("MP3")), decode(encoded("MP3")))


@pytest.mark.parametrize("kind", ["MP3", "OGG"])
def test_files_behind_each_other_are_all_read(kind):
    one, two = encode(WAVE, format=kind), encode(WAVE[:2000], format=kind)
    expected = np.concatenate([decode(one), decode(two)])
    np.testing.assert_array_equal(decode(one + two), expected)


def test_streams_behind_each_other_may_differ_in_rate():
    two = encode(WAVE, 8000, format="OGG") + encode(WAVE, 16000, format="OGG")
    assert decode(two).shape == (4000 + 2000,)
