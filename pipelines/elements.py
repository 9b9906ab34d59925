"""What becomes of an element by its number: its place, its random numbers, its function.

None of it depends on how many elements are processed at once, or on where one begins.
"""

import tensorflow as tf

_PHILOX = 1
_BLOCK = 4  # random numbers that Philox generates per counter value
# Consecutive epochs as seeds, or the default four rounds, give visibly similar orders.
_ROUNDS = 8


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


def fixed_keys(count):
    """Returns a key for each of some items, the same at every call, of draws outside of training.

    Args:
        count: int, their number.

    Returns:
        tf.data.Dataset of int64 (2,), the seed 0 and the number of the item.
    """
    return mapped(tf.data.Dataset.range(count), lambda n: tf.stack([tf.zeros_like(n), n]))


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


class Shuffled:
    """A permutation of all elements: any element may come at any place.

    Args:
        count: int, number of elements.
    """

    def __init__(self, count):
        self._last = count - 1

    def __call__(self, positions, seed, epoch):
        """Returns which element is at each position of an epoch.

        Args:
            positions: int64 tensor, scalar or (B,).
            seed: int64 scalar tensor.
            epoch: int64 scalar tensor.

        Returns:
            int64 tensor of the same shape.
        """
        key = tf.random.stateless_uniform([3], [seed, epoch], None, None, tf.int32)
        return permuted(positions, key, self._last)


def permuted(positions, key, last):
    """Permutes the numbers from 0 to `last`, one by one, without a table of them.

    Args:
        positions: int64 tensor, of numbers from 0 to `last`.
        key: int32 tensor (3,), or one for each of the positions (B, 3).
        last: int, or int64 tensor, one for each of the positions.

    Returns:
        int64 tensor of the same shape.
    """
    return tf.raw_ops.RandomIndexShuffle(index=positions, seed=key, max_index=last, rounds=_ROUNDS)
