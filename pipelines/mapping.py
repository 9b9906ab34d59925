"""Mapping of datasets, for all pipelines, without AutoGraph."""

import tensorflow as tf


def mapped(dataset, function, calls=None):
    """Applies a graph function to every element of a dataset, in order.

    The function is traced as it is written. AutoGraph, which would rewrite Python's `if` and `for`
    on tensors, takes about as long again: a function that branches on tensors uses
    `tf.cond`, `tf.where` or `tf.while_loop`.

    Args:
        dataset: tf.data.Dataset.
        function: function of the components of an element.
        calls: elements processed in parallel, or tf.data.AUTOTUNE; None for one after the other.

    Returns:
        tf.data.Dataset.
    """
    plain = tf.autograph.experimental.do_not_convert(function)
    return dataset.map(plain, calls, deterministic=None if calls is None else True)
