"""A first-in, first-out store of vectors from past batches."""

import keras
from keras import ops

from mmssl import distribution


class VectorQueue(keras.layers.Layer):
    """Keeps the newest `size` vectors, the oldest first, the same on every replica.

    It begins with random vectors of length one, is part of a checkpoint, and gives no gradient.
    A ring with a pointer, as in the official code of MoCo, holds the same vectors; this order needs
    no size that the batch divides.

    Args:
        size: vectors kept, at least one batch of all replicas.
        width: of a vector.
        seed: of the first vectors; None follows Keras' seed.
    """

    def __init__(self, size, width, seed=None, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        if size < 1:
            raise ValueError(f"VectorQueue(size={size}) must be 1 or more.")
        normal = keras.initializers.RandomNormal(seed=seed)
        self.vectors = self.add_weight(
            shape=(size, width),
            initializer=lambda shape, dtype: ops.normalize(normal(shape, dtype)),
            trainable=False,
            name="vectors",
        )

    def push(self, rows):
        """Lets a batch in at the end, and the oldest vectors out.

        Args:
            rows: (B, width), this replica's part; those of all replicas are kept, in their order.

        Raises:
            ValueError: there are more than the queue holds.
        """
        rows = ops.cast(distribution.gather(ops.stop_gradient(rows)), "float32")
        size, count = self.vectors.shape[0], rows.shape[0]
        if count is not None and count > size:
            raise ValueError(f"A queue of {size} vectors is smaller than a batch of {count}.")
        kept = self.vectors[ops.shape(rows)[0] :]
        self.vectors.assign(ops.concatenate([kept, rows]))
