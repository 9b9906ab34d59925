"""Segment numbers of a packed pair of texts."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class SegmentIds(keras.layers.Layer):
    """Reads the segment of each token off the separators: 0 up to the first one, then 1.

    So an encoder takes a pair `[CLS] A [SEP] B [SEP]` and a single text by the same input.

    Args:
        separator: token id of [SEP].

    Call arguments:
        token_ids: int32 (B, L).

    Returns:
        int32 (B, L) of 0 and 1; a separator belongs to the segment that it closes.
    """

    def __init__(self, separator, **kwargs):
        super().__init__(**kwargs)
        self.separator = separator

    def call(self, token_ids):
        closing = ops.cast(ops.equal(token_ids, self.separator), "int32")
        before = ops.cumsum(closing, axis=1) - closing
        return ops.minimum(before, 1)

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_output_spec(self, token_ids):
        return keras.KerasTensor(token_ids.shape, dtype="int32")

    def get_config(self):
        return {**super().get_config(), "separator": self.separator}
