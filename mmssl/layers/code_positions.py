"""What a transformer over codes lacks: codes shifted by one, labels, and factored attention."""

from typing import Literal

import keras
import numpy as np
from keras import ops

from mmssl.choices import check_choices

Pattern = Literal["dense", "row", "column", "previous_row"]


@keras.saving.register_keras_serializable("mmssl")
class ShiftedCodes(keras.layers.Layer):
    """Embeds, at each place, the code of the place before it, and a start at the first.

    Args:
        entries: K, number of codes; the start is number K.
        width: channels of an embedding.

    Call arguments:
        codes: int32 (B, T).

    Returns:
        (B, T, width).
    """

    def __init__(self, entries, width, **kwargs):
        super().__init__(**kwargs)
        self.entries = entries
        self.width = width

    def build(self, input_shape):
        initial = keras.initializers.RandomNormal(stddev=0.02)
        self.table = self.add_weight((self.entries + 1, self.width), initial, name="table")

    def call(self, codes):
        start = ops.full_like(codes[:, :1], self.entries)
        return self.embed(ops.concatenate([start, codes[:, :-1]], axis=1))

    def embed(self, codes):
        """Returns the embeddings of codes, int32 (...), 0 to K: (..., width)."""
        return ops.take(ops.cast(self.table, self.compute_dtype), codes, axis=0)

    def compute_output_spec(self, codes):
        return keras.KerasTensor((*codes.shape, self.width), dtype=self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "entries": self.entries, "width": self.width}


@keras.saving.register_keras_serializable("mmssl")
class StartLabels(keras.layers.Layer):
    """Adds the vectors of an example's labels at the first place of its sequence.

    Args:
        counts: number of labels of each kind, that of the unknown, 0, included.

    Call arguments:
        inputs: pair of x (B, T, C) and labels int32 (B, kinds).

    Returns:
        (B, T, C).

    Reference:
        Dhariwal et al. 2020, arXiv 2005.00341.
    """

    def __init__(self, counts, **kwargs):
        super().__init__(**kwargs)
        self.counts = tuple(counts)

    def build(self, input_shape):
        x, _ = input_shape
        initial = keras.initializers.RandomNormal(stddev=0.02)
        self.table = self.add_weight((sum(self.counts), x[-1]), initial, name="table")

    def call(self, inputs):
        x, labels = inputs
        return ops.concatenate([x[:, :1] + self.embed(labels)[:, None], x[:, 1:]], axis=1)

    def embed(self, labels):
        """Returns the sum of the vectors of labels, int32 (B, kinds): (B, C)."""
        firsts = np.cumsum([0, *self.counts[:-1]]).astype("int32")
        table = ops.cast(self.table, self.compute_dtype)
        return ops.sum(ops.take(table, labels + firsts, axis=0), axis=1)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs[0].shape, dtype=self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "counts": self.counts}


@keras.saving.register_keras_serializable("mmssl")
class FactoredMask(keras.layers.Layer):
    """Builds the causal attention mask of a sequence that is laid out in rows.

    Args:
        pattern: `dense` shows all places up to a place's own; `row` those of its row; `column`
            those below each other; `previous_row` the whole row before its own. A place of the
            first row has none before it, and then sees itself alone.
        length: T, places of a sequence.
        row: places of a row; divides T.

    Call arguments:
        x: (B, T, C), of which nothing is used.

    Returns:
        bool (1, T, T), True where the query (row) may attend to the key (column).

    Raises:
        ValueError: the pattern is unknown, or rows do not fill the sequence.

    References:
        Child, Gray, Radford, Sutskever 2019, arXiv 1904.10509; Dhariwal et al. 2020, 2005.00341.
    """

    def __init__(self, pattern: Pattern = "dense", length=256, row=16, **kwargs):
        super().__init__(**kwargs)
        check_choices(FactoredMask.__init__, pattern=pattern)
        if row < 1 or length % row:
            raise ValueError(f"FactoredMask(row={row}) must divide the {length} places.")
        self.pattern = pattern
        self.length = length
        self.row = row

    def call(self, x):
        return self._visible(ops.arange(self.length)[:, None])[None]

    def at(self, index):
        """Returns the mask of one query, an int32 scalar: bool (1, 1, T)."""
        return self._visible(ops.reshape(index, (1, 1)))[None]

    def _visible(self, query):
        """Compares places of queries, int32 (Q, 1), with all: bool (Q, T)."""
        key, row = ops.arange(self.length)[None], self.row
        if self.pattern == "row":
            return (query // row == key // row) & (query >= key)
        if self.pattern == "column":
            return (query % row == key % row) & (query >= key)
        if self.pattern == "previous_row":
            return (query // row == key // row + 1) | ((query < row) & (query == key))
        return query >= key

    def compute_output_spec(self, x):
        return keras.KerasTensor((1, self.length, self.length), dtype="bool")

    def get_config(self):
        own = {"pattern": self.pattern, "length": self.length, "row": self.row}
        return {**super().get_config(), **own}
