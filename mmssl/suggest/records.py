"""The records of shards, read with TensorFlow."""

import tensorflow as tf

from mmssl.pipelines.sources import open_source


def read_records(spec):
    """Opens TFRecord shards.

    Args:
        spec: folder, glob or file of them.

    Returns:
        (names, read, splits): list of str; function int -> bytes; array of str, empty without.

    Raises:
        ValueError: see `open_source`.
    """
    source = open_source(spec, (".tfrecord_content",))
    splits = [] if source.splits is None else source.splits
    return source.names, lambda i: source.read(tf.constant(i, tf.int64)).numpy(), splits
