"""Uniform random numbers for many elements at once, keyed by the number of each element."""

import tensorflow as tf

_PHILOX = 1
_BLOCK = 4  # random numbers that Philox generates per counter value


def uniforms(seed, first, elements, count):
    """Returns the random numbers of consecutive elements.

    The counter values of a Philox generator (Salmon et al. 2011) keyed by the seed are assigned to
    the elements in order. So an element gets the same numbers alone and in a batch, and a whole
    batch takes one operation.

    Args:
        seed: int64 scalar tensor.
        first: int64 scalar tensor, number of the first element, 0 or more.
        elements: int, number of elements.
        count: int, random numbers per element.

    Returns:
        float32 tensor (elements, count) in [0, 1).
    """
    blocks = -(-count // _BLOCK)
    key, _ = tf.raw_ops.StatelessRandomGetKeyCounter(seed=tf.stack([seed, tf.zeros_like(seed)]))
    counter = tf.cast(tf.stack([first * blocks, tf.zeros_like(first)]), tf.uint64)
    drawn = tf.raw_ops.StatelessRandomUniformV2(
        shape=[elements, blocks * _BLOCK], key=key, counter=counter, alg=_PHILOX
    )
    return drawn[:, :count]
