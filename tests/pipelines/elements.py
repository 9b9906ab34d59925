"""What a pipeline makes, in arrays that tests can compare."""

import numpy as np
import tensorflow as tf


def elements(pipeline, batches=3, **kwargs):
    """Returns the elements of some batches, under each name in one array."""
    taken = list(pipeline.batches(**kwargs).take(batches).as_numpy_iterator())
    return {name: np.concatenate([batch[name] for batch in taken]) for name in taken[0]}


def drawn(function, count):
    """Calls a graph function of a key for each of many keys, and returns what it returns, arrays.

    Args:
        function: of int64 (2,), the seed, to a tensor or a structure of tensors.
        count: int, number of keys.
    """
    keys = tf.data.Dataset.range(count).map(lambda n: function(tf.stack([tf.zeros_like(n), n])))
    return next(iter(keys.batch(count).as_numpy_iterator()))


def same(one, other):
    """Says whether two dicts hold equal arrays under equal names."""
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)
