"""A table of vectors of which a step reads and moves only the rows that occur in its batch."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class VectorTable(keras.layers.Embedding):
    """Looks up rows of a table, at a cost that does not grow with the table.

    On TensorFlow, Keras' layer reads the whole table first, which copies it once rows of it have
    been updated in place. This one gathers from the variable, and its gradient is
    `tf.IndexedSlices` of the rows that were read. The table is float32 under mixed precision, too:
    rows are moved as they are.

    Args:
        input_dim: number of rows.
        output_dim: width of a row.
        **kwargs: passed to keras.layers.Embedding.

    Call arguments:
        ids: int32 of any shape, 0 to `input_dim - 1`.

    Returns:
        float32 (..., output_dim).
    """

    def __init__(self, input_dim, output_dim, dtype="float32", **kwargs):
        super().__init__(input_dim, output_dim, dtype=dtype, **kwargs)

    def call(self, ids):
        if keras.backend.backend() != "tensorflow":
            return ops.take(self.embeddings, ids, axis=0)
        import tensorflow as tf

        return tf.gather(self.embeddings.value, ids)
