"""A memory of the newest vector of every item of the data."""

import keras
from keras import ops

from mmssl import distribution


class VectorMemory(keras.layers.Layer):
    """Keeps the newest vector of each item, the same on every replica.

    Vectors of items that were not seen yet are zero. The memory is saved in checkpoints, and passes
    no gradient.

    Args:
        size: number of items.
        width: channels of a vector.

    Raises:
        ValueError: an argument is below 1.
    """

    def __init__(self, size, width, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        if min(size, width) < 1:
            raise ValueError(f"VectorMemory(size={size}, width={width}) must be 1 or more.")
        self.vectors = self.add_weight(
            shape=(size, width), initializer="zeros", trainable=False, name="vectors"
        )

    def write(self, index, rows):
        """Replaces the vectors of the items of a batch.

        Args:
            index: int32 (B,), this replica's items; those of all replicas are written.
            rows: (B, width), their vectors.
        """
        index = distribution.gather(ops.cast(index, "int32"))
        rows = distribution.gather(ops.cast(ops.stop_gradient(rows), "float32"))
        self.vectors.assign(ops.scatter_update(self.vectors, index[:, None], rows))

    def seen(self):
        """Returns which items have a vector, bool (size,)."""
        return ops.any(self.vectors.value != 0, axis=-1)
