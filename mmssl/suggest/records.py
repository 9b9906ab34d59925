"""The records of shards, read with TensorFlow."""

import tensorflow as tf

from mmssl.pipelines.sources import open_source
from mmssl.pipelines.sources.scan import plain_reason

_NO_FILE = ".none"  # the ending of a file that no folder has, so that its shards are read


def read_records(spec):
    """Opens TFRecord shards.

    Args:
        spec: folder, glob or file of them.

    Returns:
        (source, read): Source; function from an int to the bytes, or the array, of an item.

    Raises:
        ValueError: see `open_source`.
    """
    source = open_source(spec, (_NO_FILE,))

    def read(index):
        try:
            return source.read(tf.constant(int(index), tf.int64)).numpy()
        except tf.errors.OpError as error:
            raise ValueError(plain_reason(error.message)) from error

    return source, read
