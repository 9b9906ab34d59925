"""An order of elements that shows all groups of them equally often."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import permuted
from mmssl.pipelines.sources.arrays import host


class Balanced:
    """Draws as many elements of every group, in random order (Caron et al. 2018, 1807.05520).

    The positions of an epoch are permuted and dealt out to the groups that have elements, so that
    their shares differ by one at most. Within a group its elements are permuted; where it has fewer
    than its share, it is permuted anew each time that all were drawn. Groups without elements are
    left out.

    Args:
        groups: int array (count,), 0 or more, the group of each element.
        epoch_size: int, elements of an epoch.
    """

    def __init__(self, groups, epoch_size):
        groups = np.asarray(groups)
        _, sizes = np.unique(groups, return_counts=True)
        self._members = host(np.argsort(groups, kind="stable").astype(np.int64))
        self._starts = host((np.cumsum(sizes) - sizes).astype(np.int64))
        self._sizes = host(sizes.astype(np.int64))
        self._last = epoch_size - 1

    def __call__(self, positions, seed, epoch):
        """See `mmssl.pipelines.elements.Shuffled`."""
        key = tf.random.stateless_uniform([3], [seed, epoch], None, None, tf.int32)
        flat = tf.reshape(positions, [-1])
        dealt = permuted(flat, key, self._last)
        count = len(self._sizes)
        group, turn = dealt % count, dealt // count
        size = tf.gather(self._sizes, group)
        # A permutation of its own for each group, and each time that it is drawn from anew.
        own = tf.cast(tf.stack([group, turn // size, tf.zeros_like(group)], axis=1), tf.int32)
        within = permuted(turn % size, key + own, size - 1)
        drawn = tf.gather(self._members, tf.gather(self._starts, group) + within)
        return tf.reshape(drawn, tf.shape(positions))
