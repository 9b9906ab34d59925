"""Where the records of a TFRecord file are, found without reading the encoded files in them."""

import struct
from dataclasses import dataclass

import numpy as np
from google.protobuf.message import DecodeError

from mmssl.pipelines.sources import places

HEADER, FOOTER = 12, 4  # bytes around a record: its length with a checksum, its checksum
LONGEST = 1000  # bytes of a feature that is a column; a longer one is content
_PAGE = 1024  # bytes read at a time: the names and the small features of most records
_FIELD = 0x0A  # the tag of field 1, with a length: all that an Example nests up to its features


@dataclass(eq=False)
class Records:
    """The records of a file.

    Attributes:
        offsets: int64 array (N,), where the header of each begins.
        lengths: int64 array (N,), bytes of each without header and footer.
        columns: dict of str arrays (N,); "" where a record has no such feature, or several values.
    """

    offsets: np.ndarray
    lengths: np.ndarray
    columns: dict[str, np.ndarray]


def find_records(path, names):
    """Finds the records of a file of `tf.train.Example`, and the values of their small features.

    Args:
        path: uncompressed TFRecord file.
        names: of the features that are columns; those that exceed `LONGEST` bytes are left out.

    Returns:
        Records.

    Raises:
        ValueError: when the file does not consist of whole records; the message says where.
    """
    wanted = {name.encode(): [] for name in names}
    offsets, lengths, offset = [], [], 0
    with _Pages(path) as pages:
        while offset < pages.size:
            [length] = struct.unpack("<Q", pages.read(offset, 8))
            begin = offset + HEADER
            if begin + length + FOOTER > pages.size:
                raise ValueError(f"its record {len(offsets)} at byte {offset} is cut short")
            _add_columns(pages, begin, begin + length, wanted)
            offsets.append(offset)
            lengths.append(length)
            offset = begin + length + FOOTER
    columns = {name.decode(): np.array(values, str) for name, values in wanted.items()}
    return Records(np.array(offsets, np.int64), np.array(lengths, np.int64), columns)


class _Pages:
    """Reads of a few bytes anywhere in a file."""

    def __init__(self, path):
        self.file = places.opened(path)
        self.size = places.size_of(path)
        self.begin, self.page = 0, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def read(self, offset, count):
        if not self.begin <= offset <= offset + count <= self.begin + len(self.page):
            self.begin = offset
            self.file.seek(offset)
            self.page = self.file.read(max(count, _PAGE))
        found = self.page[offset - self.begin :][:count]
        if len(found) < count:
            raise ValueError(f"it ends at byte {offset + len(found)}, within a record")
        return found

    def field(self, offset, end):
        """Returns where the content of the field at `offset` begins and ends."""
        tag, begin = self.varint(offset, end)
        length, begin = self.varint(begin, end)
        if tag != _FIELD or begin + length > end:
            raise ValueError(f"it holds no tf.train.Example at byte {offset}")
        return begin, begin + length

    def varint(self, offset, end):
        value = 0
        for place in range(min(10, end - offset)):
            byte = self.read(offset + place, 1)[0]
            value |= (byte & 127) << 7 * place
            if byte < 128:
                return value, offset + place + 1
        raise ValueError(f"it holds no tf.train.Example at byte {offset}")


def _add_columns(pages, offset, end, wanted):
    """Appends the values of one record to the columns; removes columns that are too long."""
    if not wanted:
        return
    found = b""
    features, stop = pages.field(offset, end)
    while features < stop:
        entry, after = pages.field(features, stop)
        name = pages.read(*_length(*pages.field(entry, after)))
        if name in wanted and after - entry <= LONGEST:
            found += pages.read(features, after - features)
        elif name in wanted:
            del wanted[name]
        features = after
    import tensorflow as tf  # `mmssl suggest` opens an index of shards without it

    try:
        parsed = tf.train.Features.FromString(found).feature
    except DecodeError:
        raise ValueError(f"it holds no tf.train.Example at byte {offset}") from None
    for name, values in wanted.items():
        values.append(_text(parsed[name.decode()]))


def _length(begin, end):
    return begin, end - begin


def _text(feature):
    """Returns the only value of a feature as str, or ""."""
    kind = feature.WhichOneof("kind")
    values = getattr(feature, kind).value if kind else ()
    if len(values) != 1:
        return ""
    [value] = values
    if kind == "float_list":
        return str(np.float32(value))
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
