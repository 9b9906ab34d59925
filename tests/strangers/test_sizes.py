"""Memory follows what is in a file, not what its header states; limits are told in a sentence."""

import functools
import gzip
import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from mmssl import reading
from mmssl.pipelines.audio.containers import regular_streams
from mmssl.pipelines.audio.decoding import decode_audio
from mmssl.pipelines.audio.mp3 import mp3_streams
from mmssl.pipelines.audio.recordings import open_recording
from mmssl.pipelines.images.decoding import decode_image
from mmssl.pipelines.images.pillow import MAX_PIXELS
from mmssl.pipelines.in_graph.limits import MOST_PIXELS
from mmssl.pipelines.in_graph.pictures import decode_picture
from mmssl.pipelines.in_graph.wav import decode_wav
from mmssl.pipelines.sources import open_source
from mmssl.reading import load_yaml
from mmssl.runs import read_recipe
from mmssl.suggest.pictures import examine
from tests.fuzzing.memory import peak
from tests.fuzzing.readers.arrays import npy, npz
from tests.fuzzing.readers.pictures import with_checksums

PICTURES = (".png",)
MOST_MEGABYTES = 300


@pytest.fixture(autouse=True)
def _in_little_memory():
    before = peak(anew=True)
    yield
    assert peak() - before < MOST_MEGABYTES


def in_graph(decode, data):
    return _graph(decode)(data)


@functools.cache
def _graph(decode):
    return tf.function(decode, [tf.TensorSpec([], tf.string)], autograph=False)


def decode_sound(data):
    return decode_audio(data, 8000)


def decode_sound_in_graph(data):
    return decode_wav(data, 8000)


def encoded(kind, size=(8, 8), **more):
    file = io.BytesIO()
    Image.new("RGB", size).save(file, kind, **more)
    return file.getvalue()


def png():
    data = encoded("PNG")
    return with_checksums(data[:16] + struct.pack(">II", 60_000, 60_000) + data[24:])


def jpeg(**more):
    data = encoded("JPEG", **more)
    at = data.index(b"\xff\xc2" if more else b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", 60_000, 60_000) + data[at + 4 :]


def bmp():
    data = encoded("BMP")
    return data[:18] + struct.pack("<ii", 60_000, 60_000) + data[26:]


def gif():
    data = encoded("GIF")
    at = data.index(b"\x2c\0\0\0\0") + 5
    large = struct.pack("<HH", 60_000, 60_000)
    return data[:6] + large + data[10:at] + large + data[at + 4 :]


def webp():
    data = encoded("WEBP", lossless=True)
    packed = struct.pack("<I", 16_383 | 16_383 << 14)
    return data[:21] + packed + data[25:]


def tiff():
    data = encoded("TIFF")
    for tag in (256, 257):
        at = data.index(struct.pack("<HHI", tag, 4, 1) if tag else b"") + 8
        data = data[:at] + struct.pack("<I", 60_000) + data[at + 4 :]
    return data


BOMBS = {
    "png": png,
    "jpeg": jpeg,
    "progressive": lambda: jpeg(progressive=True),
    "bmp": bmp,
    "gif": gif,
    "webp": webp,
    "tiff": tiff,
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_picture_that_states_billions_of_pixels_is_refused(kind):
    data = BOMBS[kind]()
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"more than {MAX_PIXELS} pixels"):
        in_graph(decode_image, data)
    with pytest.raises(ValueError, match="not a picture, or damaged"):
        examine(data)
    if kind != "tiff":  # which exported encoders do not read
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"more than {MOST_PIXELS} pixels"):
            in_graph(decode_picture, data)


def wav(stated, samples=bytes(1600), rate=8000, channels=1):
    layout = struct.pack("<HHIIHH", 1, channels, rate, 2 * rate * channels, 2 * channels, 16)
    chunks = b"fmt " + struct.pack("<I", 16) + layout + b"data" + struct.pack("<I", stated)
    return b"RIFF" + struct.pack("<I", 2**32 - 1) + b"WAVE" + chunks + samples


def rf64(stated):
    sizes = struct.pack("<QQQI", stated + 80, stated, stated // 2, 0)
    data = wav(2**32 - 1)
    ds64 = b"ds64" + struct.pack("<I", len(sizes)) + sizes
    return b"RF64" + data[4:12] + ds64 + data[12:]


@pytest.mark.parametrize("data", [wav(3 * 2**30), rf64(2**40 + 2**30)], ids=["wav", "rf64"])
def test_a_recording_that_states_gigabytes_is_refused_as_truncated(data, tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    with pytest.raises(tf.errors.InvalidArgumentError, match="it is truncated: 1600 of"):
        in_graph(decode_sound, data)
    for file in (data, str(path)):
        with pytest.raises(ValueError, match="it is truncated: 1600 of"):
            open_recording(file, 8000)
    if data.startswith(b"RIFF"):
        with pytest.raises(tf.errors.InvalidArgumentError, match="it is truncated"):
            in_graph(decode_sound_in_graph, data)


def test_a_recording_of_unstated_length_takes_what_is_there():
    wave = in_graph(decode_sound, wav(2**32 - 1))
    assert len(wave) == 800


@pytest.mark.parametrize("name", ["tags", "streams", "empty streams"])
def test_many_tags_and_streams_in_a_file_take_no_longer_than_its_bytes(name):
    frame = bytes([0xFF, 0xFB, 0x10, 0xC4]) + bytes(100)
    if name == "tags":
        data = (b"ID3\3\0\0\0\0\0\0" * 200_000) + wav(1600)
        assert regular_streams(data)[0].startswith(b"RIFF")
        return
    size = 0 if name == "empty streams" else 4 * len(frame)
    info = frame[:4] + b"Info\0\0\0\3" + struct.pack(">II", 4, size)
    stream = info.ljust(len(frame), b"\0") + 3 * frame
    streams = mp3_streams(stream * 5000)
    assert len(streams) == (1 if name == "empty streams" else 5000)
    assert b"".join(streams) == stream * 5000


def header(shape, dtype="<f8"):
    """Returns the head of an `.npy` file of a shape, without content."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": dtype, "fortran_order": False, "shape": shape}
    )
    return file.getvalue()


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((10**12,), "<f8"),
        ((10**9, 60, 60), "<f8"),
        ((10**9,), "<f8"),
        ((10**12, 0), "<f8"),
        ((10**12,), "<U0"),
        ((2**62, 2**62), "<f8"),
    ],
)
def test_arrays_that_state_more_than_there_is_are_refused(shape, dtype, tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(npz({"x.npy": header(shape, dtype), "y.npy": npy(np.zeros(2))}))
    with pytest.raises(ValueError, match=r"a\.npz (cannot be read as a NumPy archive|holds)"):
        open_source(path, PICTURES)


def test_archives_larger_than_memory_are_refused_before_they_are_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros((40, 10**6), np.uint8))
    assert path.stat().st_size < 10**5
    monkeypatch.setattr(reading, "machine_memory", lambda: 10**7)
    with pytest.raises(ValueError, match=r"states 40000128 bytes, more than the memory of this"):
        open_source(path, PICTURES)


@pytest.mark.parametrize(("ending", "pack"), [("", bytes), (".gz", gzip.compress)])
def test_idx_that_states_more_than_there_is_is_refused(ending, pack, tmp_path, monkeypatch):
    path = tmp_path / f"train-images-idx3-ubyte{ending}"
    head = b"\0\0\x08\x03" + struct.pack(">III", 60_000, 1000, 1000)
    path.write_bytes(pack(head + bytes(100)))
    with pytest.raises(ValueError, match=r"truncated|more than the memory of this machine"):
        open_source(path, PICTURES)
    # What is packed beyond the header is not unpacked.
    path.write_bytes(pack(b"\0\0\x08\x03" + struct.pack(">III", 1, 2, 2) + bytes(10**7)))
    with pytest.raises(ValueError, match="longer than it says"):
        open_source(path, PICTURES)
    monkeypatch.setattr(reading, "machine_memory", lambda: 10**7)
    path.write_bytes(pack(head + bytes(100)))
    with pytest.raises(ValueError, match="more than the memory of this machine"):
        open_source(path, PICTURES)


DEEP = "\n".join(["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 1000)])
ALIASES = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ALIASES, "its aliases stand for too many values"),
        (DEEP, "nested too deeply, or holds itself"),
        ("a: &a [*a]", "nested too deeply, or holds itself"),
        ("[" * 10_000, "nested too deeply"),
        ("a: !!timestamp b", "."),
        ("a: 2024-99-99", "."),
        ("a: !!int ''", "."),
    ],
)
def test_yaml_that_stands_for_more_than_is_written_is_refused(text, reason, tmp_path):
    with pytest.raises(ValueError, match=reason):
        load_yaml(text)
    (tmp_path / "recipe.yaml").write_text(text)
    with pytest.raises(ValueError, match=f"is not valid YAML: .*{reason}"):
        read_recipe(tmp_path / "recipe.yaml")


def test_yaml_may_use_an_alias():
    assert load_yaml("a: &a [1, 2]\nb: *a") == {"a": [1, 2], "b": [1, 2]}


def test_a_line_of_a_table_may_not_be_nested_without_end(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"file": ' + "[" * 100_000)
    with pytest.raises(ValueError, match="line 1 is not valid JSON: it is nested too deeply"):
        open_source(tmp_path / "a.jsonl", PICTURES)
