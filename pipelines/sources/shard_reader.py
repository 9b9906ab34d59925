"""Reading of single records of TFRecord shards, inside a graph."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources.arrays import held, host, taken
from mmssl.pipelines.sources.records import FOOTER, HEADER

_HALF = 2.0**15  # full scale of 16-bit samples


def feature_reader(paths, records, content):
    """Returns a function that reads a feature of a record, and fails where the record is damaged.

    Args:
        paths: list of str, the shards, local or remote.
        records: int64 array (N, 3 or more): the number of the shard, where the header of the record
            begins in it, and the bytes of the record without header and footer.
        content: name of the feature.

    Returns:
        function of an int64 scalar tensor, to a scalar string tensor.
    """
    read = _record_reader(paths, records)
    features = {content: tf.io.FixedLenFeature([], tf.string)}
    return lambda index: tf.io.parse_single_example(read(index)[0], features)[content]


def content_reader(paths, records, fetched=None):
    """Returns a function that reads what is at the end of a record; see `feature_reader`.

    Args:
        paths: list of str.
        records: int64 array (N, 4), as above, and the bytes of what is at the end.
        fetched: Fetched, by which shards are copied before they are read; None reads them in place.

    Returns:
        function of an int64 scalar tensor, to a scalar string tensor.
    """
    read = _record_reader(paths, records, fetched)

    def read_content(index):
        record, place = read(index)
        return tf.strings.substr(record, place[2] - place[3], place[3])

    return read_content


def _record_reader(paths, records, fetched=None):
    """Returns a function of an index, to a record and the row of `records`."""
    files, records = host(paths), held(records)

    def read(index):
        # Few operations: each costs about as much as the reading.
        place = tf.unstack(taken(records, index), num=records.shape[1])
        path = _fetch(fetched, place[0]) if fetched else tf.gather(files, place[0])
        # It begins at the record and buffers no more than it, and checks the checksums.
        found = tf.raw_ops.TFRecordDatasetV2(
            filenames=path[tf.newaxis],
            compression_type="",
            buffer_size=place[2] + HEADER + FOOTER,
            byte_offsets=place[1][tf.newaxis],
        )
        found = tf.data.experimental.from_variant(found, tf.TensorSpec([], tf.string))
        return found.take(1).get_single_element(), place

    return read


def _fetch(fetched, shard):
    path = tf.numpy_function(lambda number: fetched.path(int(number)), [shard], tf.string)
    return tf.ensure_shape(path, [])


def array_reader(read, shapes, dtypes, shape):
    """Returns a function that reads the array in a record.

    Args:
        read: function of an int64 scalar tensor, to the bytes of the array, little-endian.
        shapes: int64 array (N, rank), the shape of each.
        dtypes: list of the dtypes that there are: one; or float32 and int16, of samples of sound,
            which read as float32, full scale 1.0.
        shape: list of int and None, what all shapes have in common.

    Returns:
        function of an int64 scalar tensor, to a tensor of this rank.
    """
    shapes = held(shapes)

    def read_array(index):
        of_item = taken(shapes, index)
        array = tf.reshape(_decoded(read(index), of_item, dtypes), of_item)
        return tf.ensure_shape(array, shape)

    return read_array


def mapped_reader(paths, records, shapes, shape):
    """Returns a function that reads an array of bytes from a shard that is mapped into memory.

    It takes a third of the time of `array_reader`, and does not look at checksums.

    Args:
        paths: list of str, local shards, of which some may be missing or damaged.
        records: see `content_reader`.
        shapes: see `array_reader`.
        shape: see `array_reader`.

    Returns:
        function of an int64 scalar tensor, to a uint8 tensor of this rank.
    """
    shards = [held(_mapped(path)) for path in paths]
    handles = tf.raw_ops.Pack(values=[shard.handle for shard in shards])
    records, shapes = held(records), held(shapes)

    def read(index, _held=shards):  # which live as long as their handles are in use
        shard, offset, length, size = tf.unstack(taken(records, index), num=4)
        end = offset + HEADER + length
        handle = tf.gather(handles, shard)
        content = tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.uint8)[end - size : end]
        return tf.ensure_shape(tf.reshape(content, taken(shapes, index)), shape)

    return read


def _mapped(path):
    try:
        return np.memmap(path, np.uint8, "c")
    except (OSError, ValueError):  # it is missing, or empty
        return np.zeros(0, np.uint8)


def _decoded(content, shape, dtypes):
    if len(dtypes) == 1:
        return tf.io.decode_raw(content, tf.as_dtype(dtypes[0]))
    size = tf.cast(tf.strings.length(content), tf.int64)
    return tf.cond(
        size == np.dtype("int16").itemsize * tf.reduce_prod(shape),
        lambda: tf.cast(tf.io.decode_raw(content, tf.int16), tf.float32) / _HALF,
        lambda: tf.io.decode_raw(content, tf.float32),
    )
