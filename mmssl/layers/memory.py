"""Memories of a vector of every item of the data."""

import math

import keras
from keras import ops

from mmssl import distribution


class VectorMemory(keras.layers.Layer):
    """Keeps the newest vector of each item, the same on every replica.

    Vectors of items that were not seen yet are zero, unless they begin otherwise. The memory is
    saved in checkpoints, and passes no gradient.

    Args:
        size: number of items.
        width: channels of a vector.
        initializer: of the first vectors.

    Raises:
        ValueError: a size is below 1.
    """

    def __init__(self, size, width, initializer="zeros", **kwargs):
        super().__init__(dtype="float32", **kwargs)
        if min(size, width) < 1:
            raise ValueError(
                f"{type(self).__name__}(size={size}, width={width}) must be 1 or more."
            )
        self.vectors = self.add_weight(
            shape=(size, width), initializer=initializer, trainable=False, name="vectors"
        )

    def look_up(self, index):
        """Returns the vectors of some items.

        Args:
            index: int32 of any shape.

        Returns:
            float32 (..., width).
        """
        return ops.stop_gradient(ops.take(ops.convert_to_tensor(self.vectors), index, axis=0))

    def write(self, index, rows):
        """Replaces the vectors of the items of a batch.

        Args:
            index: int32 (B,), this replica's items; those of all replicas are written.
            rows: (B, width), their vectors.
        """
        index, rows = _of_all_replicas(index, rows)
        self.vectors.assign(ops.scatter_update(self.vectors, index[:, None], rows))

    def seen(self):
        """Returns which items have a vector, bool (size,)."""
        return ops.any(self.vectors.value != 0, axis=-1)


class MemoryBank(VectorMemory):
    """Keeps a moving average of each item's vectors, scaled to length 1.

    It begins uniform in +-sqrt(3 / width), so that vectors have about length 1.

    Args:
        size: number of items.
        width: channels of a vector.
        momentum: what an update keeps of the old vector, in [0, 1].
        seed: of the first vectors; None follows Keras' global seed.

    Raises:
        ValueError: an argument is out of range.

    Reference:
        Wu et al. 2018, arXiv 1805.01978.
    """

    def __init__(self, size, width, momentum=0.5, seed=None, **kwargs):
        if not 0 <= momentum <= 1:
            raise ValueError(f"MemoryBank(momentum={momentum}) must be in [0, 1].")
        largest = math.sqrt(3 / max(width, 1))
        uniform = keras.initializers.RandomUniform(-largest, largest, seed=seed)
        super().__init__(size, width, uniform, **kwargs)
        self.momentum = momentum

    def write(self, index, rows):
        """Moves the vectors of the items of a batch toward new ones.

        Args:
            index: int32 (B,), this replica's items, none of them twice over all replicas.
            rows: (B, width), their new vectors.
        """
        index, rows = _of_all_replicas(index, rows)
        moved = self.momentum * self.look_up(index) + (1 - self.momentum) * rows
        unit = ops.normalize(moved, axis=-1)
        self.vectors.assign(ops.scatter_update(self.vectors, index[:, None], unit))


def _of_all_replicas(index, rows):
    index = distribution.gather(ops.cast(index, "int32"))
    return index, distribution.gather(ops.cast(ops.stop_gradient(rows), "float32"))
