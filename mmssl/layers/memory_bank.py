"""A memory of one vector for every element of the data."""

import math

import keras
from keras import ops

from mmssl import distribution


class MemoryBank(keras.layers.Layer):
    """Keeps a vector of each element, the same on every replica.

    It begins uniform in +-sqrt(3 / width), so that vectors have about length 1, is saved in
    checkpoints, and passes no gradient.

    Args:
        size: number of vectors.
        width: channels of a vector.
        momentum: what an update keeps of the old vector, in [0, 1].
        seed: of the first vectors; None follows Keras' global seed.

    Raises:
        ValueError: an argument is out of range.

    Reference:
        Wu et al. 2018, arXiv 1805.01978.
    """

    def __init__(self, size, width, momentum=0.5, seed=None, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        if size < 1:
            raise ValueError(f"MemoryBank(size={size}) must be 1 or more.")
        if not 0 <= momentum <= 1:
            raise ValueError(f"MemoryBank(momentum={momentum}) must be in [0, 1].")
        self.momentum = momentum
        largest = math.sqrt(3 / width)
        self.vectors = self.add_weight(
            shape=(size, width),
            initializer=keras.initializers.RandomUniform(-largest, largest, seed=seed),
            trainable=False,
            name="vectors",
        )

    def look_up(self, indices):
        """Returns the vectors of some elements.

        Args:
            indices: int32 of any shape.

        Returns:
            float32 (..., width).
        """
        return ops.stop_gradient(ops.take(ops.convert_to_tensor(self.vectors), indices, axis=0))

    def update(self, indices, rows):
        """Moves vectors toward new ones, and scales them to length 1.

        Args:
            indices: int32 (B,), this replica's elements, none of them twice over all replicas.
            rows: (B, width), their new vectors.
        """
        indices = distribution.gather(indices)
        rows = ops.cast(distribution.gather(ops.stop_gradient(rows)), "float32")
        moved = self.momentum * self.look_up(indices) + (1 - self.momentum) * rows
        vectors = ops.convert_to_tensor(self.vectors)
        unit = ops.normalize(moved, axis=-1)
        self.vectors.assign(ops.scatter_update(vectors, indices[:, None], unit))
