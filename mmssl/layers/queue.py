"""A first-in, first-out queue of vectors from past batches."""

import keras
from keras import ops

from mmssl import distribution


class VectorQueue(keras.layers.Layer):
    """Keeps the newest `size` vectors, oldest first, the same on every replica.

    The queue is initialized with random unit vectors, is saved in checkpoints, and passes no
    gradient. A ring buffer with a pointer, as in the official code of MoCo, holds the same vectors;
    this order does not require the batch size to divide `size`.

    Args:
        size: number of vectors kept, at least one batch of all replicas.
        width: channels of a vector.
        seed: of the initial vectors; None follows Keras' global seed.
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
        """Appends a batch of vectors and drops the oldest ones.

        Args:
            rows: (B, width), this replica's rows; those of all replicas are appended, in order.

        Raises:
            ValueError: the batch is larger than the queue.
        """
        rows = ops.cast(distribution.gather(ops.stop_gradient(rows)), "float32")
        size, count = self.vectors.shape[0], rows.shape[0]
        if count is not None and count > size:
            raise ValueError(f"A queue of {size} vectors is smaller than a batch of {count}.")
        kept = self.vectors[ops.shape(rows)[0] :]
        self.vectors.assign(ops.concatenate([kept, rows]))
