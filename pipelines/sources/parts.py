"""Parts of a source written as TFRecord shards, each with a note of what is in it."""

import io
import json
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources import places
from mmssl.pipelines.sources.records import FOOTER, HEADER
from mmssl.pipelines.sources.scan import plain_reason
from mmssl.pipelines.sources.shard_index import CONTENT, DTYPE, SHAPE
from mmssl.pipelines.sources.strings import Strings
from mmssl.reading import load_arrays, load_json

_ARRAYS = ("offsets", "lengths", "contents", "shapes")
_LARGEST = 2**31 - 2**20  # bytes that a tf.train.Example can hold, with room for the columns


@dataclass(eq=False)
class Part:
    """What is in one shard.

    Attributes:
        offsets: int64 array (n,), where the header of each record begins.
        lengths: int64 array (n,), bytes of each without header and footer.
        contents: int64 array (n,), of which so many at the end are the content.
        shapes: int64 array (n, rank), of items that are arrays; (n, 0) of encoded files and texts.
        names: Strings (n,).
        columns: dict of Strings (n,).
        size: bytes of the shard.
        checksum: of the shard, CRC-32 in hexadecimal digits.
        dtypes: sorted list of the dtypes of arrays, empty for encoded files and texts.
        left_out: list of (name, reason), the items that could not be read.
    """

    offsets: np.ndarray
    lengths: np.ndarray
    contents: np.ndarray
    shapes: np.ndarray
    names: Strings
    columns: dict[str, Strings]
    size: int
    checksum: str
    dtypes: list[str]
    left_out: list[tuple[str, str]]

    def __len__(self):
        return len(self.offsets)


def write_part(path, source, indices, encode):
    """Writes items of a source as a shard, which is in place only when it is whole.

    Args:
        path: of the shard, local or remote.
        source: Source.
        indices: ints (M,), the items.
        encode: function from a raw item, bytes or an array, to what is stored of it, bytes or an
            array. It raises a ValueError with the reason for an item that cannot be read.

    Returns:
        Part.
    """
    rows, lengths, contents, shapes, dtypes, left_out = [], [], [], [], set(), []
    read = tf.function(source.read, [tf.TensorSpec([], tf.int64)], autograph=False)
    with places.written_beside(path) as beside, tf.io.TFRecordWriter(str(beside)) as writer:
        for index in map(int, indices):
            try:
                stored = encode(_raw(read, index))
                content = _content(stored)
                record = _record(_features(source, index, stored), content)
            except (ValueError, tf.errors.OpError) as error:
                left_out.append((source.names[index], _reason(error)))
                continue
            writer.write(record)
            lengths.append(len(record))
            contents.append(len(content))
            rows.append(index)
            if isinstance(stored, np.ndarray):
                shapes.append(stored.shape)
                dtypes.add(stored.dtype.name)
    lengths = np.array(lengths, np.int64)
    sizes = lengths + HEADER + FOOTER
    shapes = np.array(shapes, np.int64).reshape(len(rows), -1 if shapes else 0)
    columns = {name: _coded([str(column[i]) for i in rows]) for name, column in _columns(source)}
    size, checksum = places.checksum_of(path)
    return Part(
        np.cumsum(sizes) - sizes,
        lengths,
        np.array(contents, np.int64),
        shapes,
        Strings.of([source.names[i] for i in rows]),
        columns,
        size,
        checksum,
        sorted(dtypes),
        left_out,
    )


def write_note(path, part):
    """Writes what is in a shard to a file of its own, atomically."""
    arrays = {name: getattr(part, name) for name in _ARRAYS}
    arrays |= {"names": part.names.data, "name_ends": part.names.ends}
    for i, column in enumerate(part.columns.values()):
        arrays |= {f"{i}_data": column.data, f"{i}_ends": column.ends, f"{i}_rows": column.rows}
    rest = {
        "columns": list(part.columns),
        **{name: getattr(part, name) for name in ("size", "checksum", "dtypes", "left_out")},
    }
    file = io.BytesIO()
    np.savez(file, rest=np.frombuffer(json.dumps(rest).encode(), np.uint8), **arrays)
    places.write_bytes(path, file.getvalue())


def read_note(path):
    """Reads what is in a shard back: a Part; None where there is no such note, or a damaged one."""
    if places.size_of(path) is None:
        return None
    try:
        arrays = load_arrays(io.BytesIO(places.read_bytes(path)))
        rest = load_json(arrays["rest"].tobytes())
        columns = {
            name: Strings(arrays[f"{i}_data"], arrays[f"{i}_ends"], arrays[f"{i}_rows"])
            for i, name in enumerate(rest["columns"])
        }
        return Part(
            *(arrays[name] for name in _ARRAYS),
            Strings(arrays["names"], arrays["name_ends"]),
            columns,
            *(rest[name] for name in ("size", "checksum", "dtypes")),
            [tuple(one) for one in rest["left_out"]],
        )
    except (ValueError, OSError, KeyError, TypeError):
        return None


def _raw(read, index):
    raw = read(tf.constant(index, tf.int64)).numpy()
    return raw if isinstance(raw, bytes) else np.asarray(raw)


def _columns(source):
    return [
        (name, column) for name, column in source.columns.items() if name not in ("name", "file")
    ]


def _coded(values):
    found, rows = np.unique(np.array(values, object), return_inverse=True)
    texts = Strings.of(found.tolist())
    return Strings(texts.data, texts.ends, rows.reshape(-1).astype(np.int32))


def _features(source, index, stored):
    """Returns the features of an item beside its content."""
    values = {"name": source.names[index]}
    values |= {name: str(column[index]) for name, column in _columns(source)}
    features = {name: _bytes(text.encode("utf-8", "replace")) for name, text in values.items()}
    if isinstance(stored, np.ndarray):
        features[SHAPE] = tf.train.Feature(int64_list=tf.train.Int64List(value=stored.shape))
        features[DTYPE] = _bytes(stored.dtype.name.encode())
    return features


def _content(stored):
    if isinstance(stored, np.ndarray):
        stored = np.ascontiguousarray(stored, stored.dtype.newbyteorder("<")).tobytes()
    if len(stored) > _LARGEST:
        raise ValueError(f"it has {len(stored)} bytes, and a record holds up to {_LARGEST}")
    return stored


def _record(features, content):
    """Returns the bytes of a tf.train.Example that ends with its content."""
    parts = (
        tf.train.Features(feature=features).SerializeToString(deterministic=True),
        tf.train.Features(feature={CONTENT: _bytes(content)}).SerializeToString(),
    )
    # Fields of a message may come in any order: what is behind each other is one.
    return b"\x0a" + _varint(sum(map(len, parts))) + b"".join(parts)


def _varint(number):
    digits = []
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


def _bytes(value):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _reason(error):
    return plain_reason(error.message) if isinstance(error, tf.errors.OpError) else str(error)
