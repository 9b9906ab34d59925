"""A grid of prototypes whose neighbors are alike."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class PrototypeGrid(keras.layers.Layer):
    """Compares vectors with the prototypes of a grid, which a self-organizing map moves.

    Vectors are standardized first, by a mean and a deviation of each channel. Nothing in it is
    trained by gradients. What it returns are the soft activations of Coates, Lee and Ng (2011),
    how much nearer a prototype is than they are on average:

        activation_i = max(0, mean_j |x - w_j| - |x - w_i|)

    The largest is that of the winner. It computes in float32.

    Args:
        rows: of the grid, 1 or more.
        columns: of the grid, 1 or more; 2 prototypes or more in all.

    Call arguments:
        vectors: (B, D).

    Returns:
        float32 (B, rows, columns, 1).

    Raises:
        ValueError: there are fewer than 2 prototypes.
    """

    def __init__(self, rows, columns, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32", "trainable": False})
        if min(rows, columns) < 1 or rows * columns < 2:
            raise ValueError(
                f"PrototypeGrid(rows={rows}, columns={columns}) must be 1 or more, and 2 in all."
            )
        self.rows, self.columns = rows, columns

    def build(self, input_shape):
        width = input_shape[-1]
        self.mean = self.add_weight((width,), initializer="zeros", name="mean")
        self.deviation = self.add_weight((width,), initializer="ones", name="deviation")
        self.prototypes = self.add_weight(
            (self.rows * self.columns, width),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="prototypes",
        )

    def call(self, vectors):
        distances = ops.sqrt(self.squared_distances(self.standardize(vectors)))
        nearness = ops.mean(distances, axis=-1, keepdims=True) - distances
        return ops.reshape(ops.relu(nearness), (-1, self.rows, self.columns, 1))

    def standardize(self, vectors):
        """Standardizes vectors (B, D), channel by channel."""
        return (ops.cast(vectors, "float32") - self.mean) / self.deviation

    def squared_distances(self, vectors):
        """Computes the squared distances of standardized vectors (N, D) to prototypes, (N, K)."""
        squares = ops.sum(ops.square(self.prototypes), axis=-1)
        own = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
        products = ops.matmul(vectors, ops.transpose(self.prototypes))
        return ops.relu(own - 2 * products + squares)

    def places(self):
        """Returns row and column of each prototype, int array (K, 2)."""
        return np.stack(np.mgrid[0 : self.rows, 0 : self.columns], axis=-1).reshape(-1, 2)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.rows, self.columns, 1)

    def get_config(self):
        return {**super().get_config(), "rows": self.rows, "columns": self.columns}
