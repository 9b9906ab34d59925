"""The order in which an epoch shows the elements of shards that are not all at hand."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import permuted
from mmssl.pipelines.sources.arrays import host


class ShuffledShards:
    """A permutation in two levels, that needs few shards at a time: of shards, and within some.

    The shards are permuted; as many as are held together make a pool, whose elements are permuted
    like those of `Shuffled`. An epoch shows pool after pool.

    Args:
        bounds: int64 array (shards + 1,), the first element of each shard, and their number.
        together: int, shards of a pool, 1 or more.
    """

    def __init__(self, bounds, together):
        self._bounds, self._together = host(np.asarray(bounds, np.int64)), together
        self._shards = len(bounds) - 1
        self._pools = -(-self._shards // together)

    def __call__(self, positions, seed, epoch):
        """See `Shuffled`."""
        keys = tf.random.stateless_uniform(
            [self._pools + 1, 3], [seed, epoch], None, None, tf.int32
        )
        numbers = tf.range(self._shards, dtype=tf.int64)
        order = permuted(numbers, keys[-1], self._shards - 1)
        sizes = tf.gather(self._bounds[1:] - self._bounds[:-1], order)
        ends = tf.cumsum(sizes)
        flat = tf.reshape(positions, [-1])
        pool = tf.searchsorted(ends, flat, side="right") // self._together
        begin = tf.gather(ends - sizes, pool * self._together)
        last = tf.gather(ends, tf.minimum((pool + 1) * self._together, self._shards) - 1) - 1
        within = permuted(flat - begin, tf.gather(keys, pool), last - begin)
        places = begin + within
        rank = tf.searchsorted(ends, places, side="right")
        first = tf.gather(self._bounds, tf.gather(order, rank))
        return tf.reshape(first + places - tf.gather(ends - sizes, rank), tf.shape(positions))
