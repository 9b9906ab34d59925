"""Reading of single records of TFRecord shards, inside a graph."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources.arrays import held, host
from mmssl.pipelines.sources.records import FOOTER, HEADER

_HALF = 2.0**15  # full scale of 16-bit samples


def record_reader(paths, starts, offsets, lengths, content, fetched=None):
    """Returns a function that reads the content of a record, and fails where it is damaged.

    Args:
        paths: list of str, the shards, local or remote.
        starts: int64 array (shards + 1,), the first record of each shard, and N.
        offsets: int64 array (N,), where the header of each record begins in its shard.
        lengths: int array (N,), bytes of each without header and footer.
        content: name of the feature.
        fetched: Fetched, by which shards are copied before they are read; None reads them in place.

    Returns:
        function of an int64 scalar tensor, to a scalar string tensor.
    """
    files, ends = host(paths), host(starts[1:])
    offsets, lengths = held(offsets), held(lengths)

    def read(index):
        shard = tf.searchsorted(ends, index[tf.newaxis], side="right")
        # One that begins at the record and buffers no more than it; it checks the checksums.
        records = tf.raw_ops.TFRecordDatasetV2(
            filenames=_fetch(fetched, shard) if fetched else tf.gather(files, shard),
            compression_type="",
            buffer_size=tf.cast(tf.gather(lengths, index), tf.int64) + HEADER + FOOTER,
            byte_offsets=tf.gather(offsets, index)[tf.newaxis],
        )
        records = tf.data.experimental.from_variant(records, tf.TensorSpec([], tf.string))
        record = records.take(1).get_single_element()
        parsed = tf.io.parse_single_example(record, {content: tf.io.FixedLenFeature([], tf.string)})
        return parsed[content]

    return read


def _fetch(fetched, shard):
    path = tf.numpy_function(
        lambda number: fetched.path(int(number[0])), [shard], tf.string, stateful=False
    )
    return tf.reshape(path, [1])


def array_record_reader(read, shapes, dtypes):
    """Returns a function that reads the array in a record.

    Args:
        read: function of an int64 scalar tensor, to the bytes of the array, little-endian.
        shapes: int64 array (N, rank), the shape of each.
        dtypes: list of the dtypes that there are: one; or float32 and int16, of samples of sound,
            which read as float32, full scale 1.0.

    Returns:
        function of an int64 scalar tensor, to a tensor of this rank.
    """
    rank, shapes = shapes.shape[1], held(shapes)

    def read_array(index):
        shape, content = tf.gather(shapes, index), read(index)
        array = tf.reshape(_decoded(content, shape, dtypes), shape)
        return tf.ensure_shape(array, [None] * rank)

    return read_array


def _decoded(content, shape, dtypes):
    if len(dtypes) == 1:
        return tf.io.decode_raw(content, tf.as_dtype(dtypes[0]))
    size = tf.cast(tf.strings.length(content), tf.int64)
    return tf.cond(
        size == np.dtype("int16").itemsize * tf.reduce_prod(shape),
        lambda: tf.cast(tf.io.decode_raw(content, tf.int16), tf.float32) / _HALF,
        lambda: tf.io.decode_raw(content, tf.float32),
    )
