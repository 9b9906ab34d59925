"""What prepared shards hold of a text: the text as it is."""

import functools

import tensorflow as tf

from mmssl.pipelines.text.documents import Documents


def as_it_is(raw):
    """Returns a text unchanged, once it has been checked; see `Documents.decode`.

    Args:
        raw: bytes.

    Raises:
        tf.errors.OpError: it is no text; the message is the reason.
    """
    _decoder()(tf.constant(raw))
    return raw


@functools.cache
def _decoder():
    decode = functools.partial(Documents.decode, None)  # which needs no vocabulary
    return tf.function(decode, [tf.TensorSpec([], tf.string)], autograph=False)
