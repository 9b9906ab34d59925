"""TFRecord shards with random access, through an index of the offset of every record."""

import itertools
import logging
from pathlib import Path

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources import places
from mmssl.pipelines.sources.fetched import Fetched
from mmssl.pipelines.sources.fingerprint import stamps
from mmssl.pipelines.sources.parts import write_part
from mmssl.pipelines.sources.prepared import prepared
from mmssl.pipelines.sources.records import LONGEST, find_records
from mmssl.pipelines.sources.shard_index import merge, open_index
from mmssl.pipelines.sources.shard_reader import (
    array_reader,
    content_reader,
    feature_reader,
    mapped_reader,
)

logger = logging.getLogger(__name__)

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
    shards = np.repeat(np.arange(len(paths)), counts)
    records = np.stack([shards, index["offsets"], index["lengths"]], axis=1)
    read = feature_reader([str(path) for path in paths], records, str(index["content"]))
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


def read_prepared(folder):
    """Opens prepared shards, see `shard_index`; neither the names nor the records are read.

    Args:
        folder: of the shards, local or remote.

    Returns:
        (index, read, reread): ShardIndex; read(index) returns the encoded file, text, or array;
        reread is a faster function of what `read` has read before, or None.

    Raises:
        ValueError: when the index is damaged.
    """
    index = open_index(folder)
    for sentence in index.damaged():
        logger.warning("%s", sentence)
    fetched = None
    if places.is_remote(folder):
        sizes = [shard["size"] for shard in index.manifest["shards"]]
        fetched = Fetched(index.paths, sizes)
        index.together = fetched.together
    read = content_reader(index.paths, index.records, fetched)
    if not index.shapes.shape[1]:
        return index, read, None
    content, reread = index.manifest["content"], None
    if fetched is None and content["dtypes"] == ["uint8"]:
        reread = mapped_reader(index.paths, index.records, index.shapes, content["shape"])
    return index, array_reader(read, index.shapes, **content), reread


def write_shards(source, folder, shards=1):
    """Writes a source as TFRecord shards that `open_source` reads, with their index.

    Items are written as they are read, encoded files and texts as well as arrays; see
    `mmssl.pipelines.preparing` for other encodings, many processes, and work that goes on.

    Args:
        source: Source.
        folder: folder for `part-00000-of-00004.tfrecord` ... and `index`; created if missing.
        shards: number of files, 1 or more.

    Returns:
        List of the paths written.

    Raises:
        ValueError: when `shards` is below 1 or above the number of items, or an item cannot be
            read.
    """
    check_shards(shards, len(source))
    files = shard_names(shards)
    paths = [places.inside(folder, name) for name in files]
    parts = [
        write_part(path, source, indices, lambda raw: raw)
        for path, indices in zip(paths, shares(len(source), shards), strict=True)
    ]
    if left_out := [one for part in parts for one in part.left_out]:
        raise ValueError(f"{left_out[0][0]} cannot be read: {left_out[0][1]}")
    merge(folder, files, parts, about(source))
    return paths


def about(source):
    """Returns what the index of shards says of the source of their items: dict of JSON values."""
    return {"sample_rate": source.sample_rate, "paths": source.has_paths}


def check_shards(shards, items):
    """Raises a ValueError unless there are 1 or more shards, and no more than items."""
    if not 1 <= shards <= items:
        raise ValueError(f"shards={shards} must lie between 1 and the {items} items")


def shard_names(shards):
    """Returns the names of a number of shards, a list of str."""
    return [f"part-{i:05d}-of-{shards:05d}.tfrecord" for i in range(shards)]


def shares(items, shards):
    """Returns the items of each shard, a list of ranges."""
    ends = [items * i // shards for i in range(shards + 1)]
    return [range(first, end) for first, end in itertools.pairwise(ends)]
