"""Token ids from Python in a graph: for tokenizers that TensorFlow does not have."""

import numpy as np
import tensorflow as tf


def ragged_ids(texts, tokenize):
    """Calls a tokenizer of Python strings on a string tensor.

    Args:
        texts: string tensor (B,) of UTF-8.
        tokenize: function from a list of str to a list of int32 arrays.

    Returns:
        RaggedTensor int32 (B, None).
    """

    def flat(rows):
        found = tokenize([row.decode() for row in rows])
        sizes = np.array([len(ids) for ids in found], np.int64)
        return np.concatenate([np.zeros(0, np.int32), *found]), sizes

    texts = tf.convert_to_tensor(texts, tf.string)
    ids, sizes = tf.numpy_function(flat, [texts], [tf.int32, tf.int64])
    ids, sizes = tf.ensure_shape(ids, [None]), tf.ensure_shape(sizes, [None])
    return tf.RaggedTensor.from_row_lengths(ids, sizes)
