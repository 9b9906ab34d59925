"""TFRecord shards with random access, through an index of the offset of every record."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from mmssl.files import atomic_write
from mmssl.pipelines.sources.arrays import host
from mmssl.pipelines.sources.fingerprint import stamps
from mmssl.pipelines.sources.prepared import prepared
from mmssl.pipelines.sources.records import FOOTER, HEADER, LONGEST, find_records

_CONTENT = ("content", "image/encoded", "audio/encoded", "image", "audio", "text", "data")


def read_shards(paths):
    """Indexes shards of `tf.train.Example` records.

    The encoded file (JPEG, WAV, text ...) is the bytes feature named content, image/encoded,
    audio/encoded, image, audio, text or data. Every other feature with one value of up to 1,000
    bytes per record is a column, such as label or split. The content is not read: an index of the
    records is made from their beginnings, and kept between runs.

    Args:
        paths: list of uncompressed TFRecord files.

    Returns:
        (names, read, columns): names such as "shard.tfrecord:17"; read(index) returns the encoded
        file; columns is a dict of str arrays (N,).

    Raises:
        ValueError: when a shard is corrupt or compressed, or its records have no known feature.
    """
    index = prepared(["shards", stamps(paths)], lambda: _index(paths))
    counts, columns = index["counts"], index["columns"].tolist()
    names = [f"{Path(p).name}:{i}" for p, n in zip(paths, counts, strict=True) for i in range(n)]
    read = _reader(paths, counts, index["offsets"], index["lengths"], str(index["content"]))
    return names, read, {name: index[f"column_{i}"] for i, name in enumerate(columns)}


def _index(paths):
    """Returns arrays: where the records are, the name of their content, their columns."""
    first = _first_record(paths[0])
    content = _content_feature(paths[0], first)
    names = [name for name in sorted(first) if name != content and _is_column(first[name])]
    shards = [_records(path, names) for path in paths]
    names = [name for name in names if all(name in shard.columns for shard in shards)]
    columns = [np.concatenate([shard.columns[name] for shard in shards]) for name in names]
    return {
        "content": np.array(content),
        "counts": np.array([len(shard.offsets) for shard in shards]),
        "offsets": np.concatenate([shard.offsets for shard in shards]),
        "lengths": np.concatenate([shard.lengths for shard in shards]),
        "columns": np.array(names, str),
        **{f"column_{i}": column for i, column in enumerate(columns)},
    }


def _records(path, names):
    try:
        return find_records(path, names)
    except ValueError as error:
        raise ValueError(f"{_not_readable(path)}: {error}") from error


def _reader(paths, counts, offsets, lengths, content):
    files, shards = host([str(path) for path in paths]), host(np.repeat(range(len(paths)), counts))
    offsets, lengths = host(offsets), host(lengths)

    def read(index):
        # One that begins at the record and buffers no more than it; it checks the checksums.
        records = tf.raw_ops.TFRecordDatasetV2(
            filenames=files[shards[index]][tf.newaxis],
            compression_type="",
            buffer_size=lengths[index] + HEADER + FOOTER,
            byte_offsets=offsets[index][tf.newaxis],
        )
        records = tf.data.experimental.from_variant(records, tf.TensorSpec([], tf.string))
        record = records.take(1).get_single_element()
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


def _is_column(feature):
    kind = feature.WhichOneof("kind")
    return bool(kind) and len(getattr(feature, kind).value) == 1 and feature.ByteSize() <= LONGEST


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
