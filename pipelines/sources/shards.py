"""TFRecord shards with random access, through an index of the offset of every record."""

import os
from pathlib import Path

import numpy as np
import tensorflow as tf

from mmssl.files import atomic_write
from mmssl.pipelines.sources.arrays import host

_CONTENT = ("content", "image/encoded", "audio/encoded", "image", "audio", "text", "data")
_KINDS = {"bytes_list": tf.string, "int64_list": tf.int64, "float_list": tf.float32}
_HEADER, _FOOTER = 12, 4  # bytes around a record: its length with a checksum, its checksum


def read_shards(paths):
    """Indexes shards of `tf.train.Example` records.

    The encoded file (JPEG, WAV, text ...) is the bytes feature named content, image/encoded,
    audio/encoded, image, audio, text or data. Every other feature with one value per record is a
    column, such as label or split.

    Args:
        paths: list of uncompressed TFRecord files.

    Returns:
        (names, read, columns): names such as "shard.tfrecord:17"; read(index) returns the encoded
        file; columns is a dict of str arrays (N,).

    Raises:
        ValueError: when a shard is corrupt or compressed, or its records have no known feature.
    """
    first = _first_record(paths[0])
    content = _content_feature(paths[0], first)
    features, columns, positions = _columns_of(first, content), [], []
    for path in paths:
        lengths, values = _scan(path, features)
        starts = np.cumsum(lengths + _HEADER + _FOOTER) - lengths - _FOOTER
        positions.append(np.stack([starts, lengths], axis=1))
        columns.append(values)
    counts = [len(p) for p in positions]
    names = [f"{Path(p).name}:{i}" for p, n in zip(paths, counts, strict=True) for i in range(n)]
    joined = {name: np.concatenate([c[name] for c in columns]) for name in features}
    return names, _reader(paths, counts, np.concatenate(positions), content), joined


def _reader(paths, counts, positions, content):
    files = host([str(path) for path in paths])
    sizes = host(np.array([os.path.getsize(path) for path in paths], np.int64))
    shards, positions = host(np.repeat(np.arange(len(paths)), counts)), host(positions)

    def read(index):
        shard, start, length = shards[index], positions[index, 0], positions[index, 1]
        # One record of fixed length, with the rest as header and footer: a seek, in the graph.
        record = tf.data.FixedLengthRecordDataset(
            files[shard],
            record_bytes=length,
            header_bytes=start,
            footer_bytes=sizes[shard] - start - length,
            buffer_size=length,
        ).get_single_element()
        parsed = tf.io.parse_single_example(record, {content: tf.io.FixedLenFeature([], tf.string)})
        return parsed[content]

    return read


def _first_record(path):
    try:
        record = next(tf.data.TFRecordDataset([str(path)]).take(1).as_numpy_iterator(), None)
        example = tf.train.Example.FromString(record or b"")
    except Exception as error:
        raise ValueError(_not_readable(path)) from error
    if not example.features.feature:
        raise ValueError(f"the first record of {path} is not a tf.train.Example with features")
    return dict(example.features.feature)


def _not_readable(path):
    return f"{path} is corrupt, or not an uncompressed TFRecord file"


def _content_feature(path, features):
    encoded = [name for name, value in features.items() if value.bytes_list.value]
    found = next((name for name in _CONTENT if name in encoded), None)
    if found is None:
        raise ValueError(
            f"the records of {path} have the features {', '.join(sorted(features))}; expected the "
            f"encoded file in a bytes feature named {', '.join(_CONTENT)}"
        )
    return found


def _columns_of(features, content):
    columns = {}
    for name, value in sorted(features.items()):
        kind = value.WhichOneof("kind")
        if name != content and kind and len(getattr(value, kind).value) == 1:
            columns[name] = tf.io.FixedLenFeature([], _KINDS[kind])
    return columns


def _scan(path, features):
    def measure(record):
        return tf.strings.length(record, unit="BYTE"), tf.io.parse_single_example(record, features)

    def parse(record):
        return tf.strings.length(record, unit="BYTE"), {}

    dataset = tf.data.TFRecordDataset([str(path)]).map(
        measure if features else parse, num_parallel_calls=tf.data.AUTOTUNE
    )
    try:
        batches = list(dataset.batch(1024).as_numpy_iterator())
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:
        raise ValueError(f"{_not_readable(path)}: {error.message}") from error
    if not batches:
        return np.empty(0, np.int64), {name: np.empty(0, str) for name in features}
    lengths = np.concatenate([length for length, _ in batches]).astype(np.int64)
    return lengths, {n: _as_text(np.concatenate([v[n] for _, v in batches])) for n in features}


def _as_text(values):
    if values.dtype.kind in "SO":
        return np.array([value.decode("utf-8", "replace") for value in values])
    return values.astype(str)


def write_shards(source, folder, shards=1):
    """Writes a source of encoded files or texts as TFRecord shards that `open_source` reads.

    Args:
        source: Source whose `read` returns bytes (files or texts).
        folder: folder for `part-00000-of-00004.tfrecord` ...; created if missing.
        shards: number of files, 1 or more.

    Returns:
        List of the paths written.

    Raises:
        ValueError: when `shards` is below 1 or above the number of items.
    """
    if not 1 <= shards <= len(source):
        raise ValueError(f"shards={shards} must lie between 1 and the {len(source)} items")
    paths = [Path(folder) / f"part-{i:05d}-of-{shards:05d}.tfrecord" for i in range(shards)]
    for path, part in zip(paths, np.array_split(np.arange(len(source)), shards), strict=True):
        with atomic_write(path) as beside, tf.io.TFRecordWriter(str(beside)) as writer:
            for index in part:
                writer.write(_example(source, int(index)).SerializeToString())
    return paths


def _example(source, index):
    values = {"content": source.read(tf.constant(index, tf.int64)).numpy()}
    values["name"] = source.names[index].encode()
    values |= {name: str(column[index]).encode() for name, column in source.columns.items()}
    lists = {name: tf.train.BytesList(value=[value]) for name, value in values.items()}
    features = {name: tf.train.Feature(bytes_list=value) for name, value in lists.items()}
    return tf.train.Example(features=tf.train.Features(feature=features))
