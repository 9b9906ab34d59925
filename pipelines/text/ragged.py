"""Token ids from Python, also in a graph: for tokenizers that TensorFlow does not have."""

import numpy as np
import tensorflow as tf

_BATCH = 256  # pieces that are tokenized together


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


def piecewise(texts, pieces, encode):
    """Tokenizes texts piece by piece, many pieces at a time.

    Args:
        texts: list of str.
        pieces: function from a str to an iterable of the str that it is cut into.
        encode: function from a list of str to a list of lists of ids.

    Returns:
        List of int32 arrays of token ids, one per text.
    """
    parts = [list(pieces(text)) for text in texts]
    flat, none = [piece for part in parts for piece in part], np.zeros(0, np.int32)
    found = []
    for first in range(0, len(flat), _BATCH):
        found += [np.array(ids, np.int32) for ids in encode(flat[first : first + _BATCH])]
    ends = np.cumsum([len(part) for part in parts], dtype=int)
    return [
        np.concatenate([none, *found[end - len(part) : end]])
        for end, part in zip(ends, parts, strict=True)
    ]
