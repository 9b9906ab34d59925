"""Noticing on the device, without waiting for it, that a training has left the numbers."""


class FiniteWatch:
    """Remembers the first step whose loss or gradient had a NaN or an infinity.

    It is no part of a model's state: there is nothing to remember where training may go on.
    """

    def __init__(self):
        import tensorflow as tf

        self._first = tf.Variable(
            -1,
            trainable=False,
            dtype=tf.int64,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )

    def watch(self, step, tensors):
        """Looks at a step.

        Args:
            step: int scalar, number of optimizer steps before it.
            tensors: list of its loss and gradients, or None.
        """
        import tensorflow as tf

        # A sum is no number if one of its terms is none, and takes no memory.
        sums = [tf.cast(tf.reduce_sum(x), tf.float32) for x in tensors if x is not None]
        wrong = tf.logical_not(tf.reduce_all(tf.math.is_finite(tf.stack(sums))))
        first = tf.logical_and(wrong, self._first < 0)
        self._first.assign(tf.where(first, tf.cast(step, tf.int64), self._first))

    def first(self):
        """Returns the number of optimizer steps before that step, or None if there was none."""
        first = int(self._first.numpy())
        return None if first < 0 else first
