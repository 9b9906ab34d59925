"""Uniform numbers for many elements at once, each element's keyed by its own number."""

import tensorflow as tf

_PHILOX = 1
_BLOCK = 4  # numbers that Philox makes of one counter


def uniforms(seed, first, elements, count):
    """Returns the numbers that belong to consecutive elements.

    The counters of a Philox generator (Salmon et al. 2011) that the seed keys are dealt out to the
    elements in order. So an element gets the same numbers alone and beside others, and a whole
    batch takes one operation.

    Args:
        seed: int64 scalar tensor.
        first: int64 scalar tensor, number of the first element, 0 or more.
        elements: how many elements.
        count: how many numbers each.

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
