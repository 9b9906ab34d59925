"""The columns of a table as one vector."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class TableValues(keras.layers.Layer):
    """Lays out a row: its numbers, its gaps, and a 1 at the code of each category, among zeros.

    Args:
        categories: number of codes of each column of categories.
        **kwargs: passed to keras.layers.Layer.

    Call arguments:
        inputs: dict of those that a table has of `numbers` float32 (B, F), `present` int32 (B, F),
            1 where there is a number and 0 for gaps, and `categories` int32 (B, G), codes from 0.

    Returns:
        float32 (B, 2F + sum of `categories`): the numbers, 0 for gaps; 1 for a gap, else 0; and the
        codes, each of which is a 1 in the places of its column, if it is one of them.
    """

    def __init__(self, categories=(), **kwargs):
        super().__init__(**kwargs)
        self.categories = tuple(categories)
        # Of each place: its column, and the code that it stands for.
        self._columns = np.repeat(np.arange(len(self.categories)), self.categories).astype("int32")
        self._codes = np.concatenate([np.arange(n) for n in (0, *self.categories)]).astype("int32")

    def call(self, inputs):
        parts = []
        if "numbers" in inputs:
            present = ops.cast(inputs["present"], self.compute_dtype)
            parts += [inputs["numbers"] * present, 1.0 - present]
        if "categories" in inputs:
            codes = ops.take(inputs["categories"], self._columns, axis=1)
            parts.append(ops.cast(ops.equal(codes, self._codes), self.compute_dtype))
        return ops.concatenate(parts, axis=-1)

    def compute_output_shape(self, input_shape):
        numbers = input_shape.get("numbers", (None, 0))
        return (*numbers[:-1], 2 * numbers[-1] + sum(self.categories))

    def get_config(self):
        return {**super().get_config(), "categories": self.categories}
