"""Readers of TFRecord shards and of their index."""

import json
import shutil
import struct
import zlib

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources import open_source, write_shards
from mmssl.pipelines.sources.parts import read_note, write_note, write_part
from mmssl.pipelines.sources.shard_index import MANIFEST
from tests.fuzzing.reader import Reader
from tests.fuzzing.readers.arrays import npy, npz

_TEXT = (".txt",)
_REFUSALS = (ValueError, tf.errors.OpError)


def _record(features):
    example = tf.train.Example()
    for name, value in features.items():
        feature = example.features.feature[name]
        if isinstance(value, bytes):
            feature.bytes_list.value.append(value)
        elif isinstance(value, int):
            feature.int64_list.value.append(value)
        else:
            feature.float_list.value.append(value)
    return example.SerializeToString()


def _framed(records):
    """Returns a TFRecord file, with right checksums, of what need not be records."""
    return b"".join(
        (head := struct.pack("<Q", len(data))) + _masked(head) + data + _masked(data)
        for data in records
    )


def _masked(data):
    crc = _crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _crc32c(data):
    crc = 0xFFFFFFFF
    for octet in data:
        crc = _CRC[(crc ^ octet) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _row(number):
    for _ in range(8):
        number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
    return number


_CRC = tuple(map(_row, range(256)))


def _read_all(source):
    for index in range(min(len(source), 50)):
        source.read(tf.constant(index, tf.int64))


def _records(folder):
    records = {
        "first record": _record({"content": b"one", "label": b"dog", "split": b"train", "n": 1}),
        "second record": _record({"content": b"two", "label": b"cat", "x": 0.5, "n": 2}),
    }
    path = folder / "a.tfrecord"

    def read(name, data):
        changed = records | {name: data}
        path.write_bytes(_framed(changed.values()) if name in records else data)
        _read_all(open_source(path, _TEXT))

    return records | {"a.tfrecord": _framed(records.values())}, read


def _prepared(data):
    """Mutates a file of prepared shards, and writes the checksums of it as they should be."""

    def prepare(folder):
        kept, shards = folder / "kept", folder / "shards"
        labels = ["a", "b", ""]
        write_shards(open_source(data, _TEXT, labels=labels), kept, 2)
        index = kept / "index"
        files = {f"index/{path.name}": path.read_bytes() for path in index.iterdir()}
        files |= {path.name: path.read_bytes() for path in kept.glob("*.tfrecord")}

        def read(name, data):
            shutil.rmtree(shards, ignore_errors=True)
            shutil.copytree(kept, shards)
            (shards / name).write_bytes(checked(data) if name.endswith(MANIFEST) else data)
            if name.endswith(".npy"):
                with_checksum(shards, name[6:-4])
            source = open_source(shards, _TEXT)
            list(source.names)
            source.fingerprint()
            _read_all(source)

        return files, read

    return prepare


def with_checksum(folder, name):
    """Writes the checksum of an array of an index as it should be."""
    content = (folder / "index" / f"{name}.npy").read_bytes()
    checksum = f"{zlib.crc32(content):08x}"
    with_manifest(folder, lambda manifest: manifest["checksums"].update({name: checksum}))


def with_manifest(folder, change):
    """Changes the manifest of an index, and writes its checksum as it should be."""
    path = folder / "index" / MANIFEST
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_bytes(checked(json.dumps(manifest).encode()))


def checked(data):
    """Returns a manifest with its checksum, if it is one at all."""
    try:
        manifest = json.loads(data)
        manifest.pop("checksum", None)
        manifest["checksum"] = f"{zlib.crc32(json.dumps(manifest, sort_keys=True).encode()):08x}"
        return json.dumps(manifest).encode()
    except (ValueError, AttributeError, TypeError, RecursionError):
        return data


def _notes(folder):
    source = open_source(["one", "two"], _TEXT, labels=["a", "b"])
    part = write_part(folder / "a.tfrecord", source, range(2), lambda raw: raw)
    path = folder / "note.npz"
    write_note(path, part)
    with np.load(path) as archive:
        members = {f"{name}.npy": npy(archive[name]) for name in archive.files}

    def read(name, data):
        path.write_bytes(npz(members | {name: data}) if name in members else data)
        read_note(path)

    return members | {"note.npz": path.read_bytes()}, read


READERS = (
    Reader("shards: TFRecord", _records, _REFUSALS, quick=100),
    Reader("shards: index, texts", _prepared(["one", "two", "three"]), _REFUSALS, quick=100),
    Reader(
        "shards: index, arrays",
        _prepared(np.arange(30, dtype=np.float32).reshape(3, 10)),
        _REFUSALS,
        quick=100,
    ),
    Reader("shards: notes", _notes, quick=100),
)
