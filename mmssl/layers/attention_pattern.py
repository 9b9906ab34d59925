"""What a token of a text and a picture after it attends to (Ramesh et al. 2021, 2102.12092)."""

from typing import Literal

import keras
from keras import ops

from mmssl.choices import check_choices

Pattern = Literal["dense", "row", "column", "convolution"]


@keras.saving.register_keras_serializable("mmssl")
class AttentionPattern(keras.layers.Layer):
    """Says which tokens each token of a sequence attends to: a text, and a picture row by row.

    Nothing attends to what comes after it. Tokens of the text attend to all of it before them,
    tokens of the picture to all of the text, and of the picture

    - `dense`: to everything before;
    - `row`: to as many tokens before as a row has, the one above included;
    - `column`: to those above, in the same column;
    - `convolution`: to those before in the square of `kernel` x `kernel` around them.

    All of them attend to themselves.

    Args:
        kind: one of these.
        text: number of tokens of the text, 0 or more.
        columns: tokens of a row of the picture, 1 or more.
        kernel: odd.

    Call arguments:
        tokens: (B, T, C), of which only the shape is used.

    Returns:
        bool (1, T, T), True where the query (row) attends to the key (column).

    Raises:
        ValueError: the kind is unknown, or `kernel` is even.
    """

    def __init__(self, kind: Pattern, text, columns, kernel=11, **kwargs):
        super().__init__(**kwargs)
        check_choices(AttentionPattern.__init__, kind=kind)
        if kernel % 2 == 0:
            raise ValueError(f"AttentionPattern(kernel={kernel}) must be odd.")
        self.kind = kind
        self.text = text
        self.columns = columns
        self.kernel = kernel

    def call(self, tokens):
        places = ops.arange(ops.shape(tokens)[1])
        return self.between(places, places)[None]

    def between(self, queries, keys):
        """Compares some places of the sequence.

        Args:
            queries: int32 (L,), places.
            keys: int32 (S,), places.

        Returns:
            bool (L, S).
        """
        queries = queries[:, None]
        seen = queries >= keys
        if self.kind == "dense":
            return seen
        of_text = ops.logical_or(keys < self.text, queries < self.text)
        return ops.logical_and(seen, ops.logical_or(of_text, self._near(queries, keys)))

    def _near(self, queries, keys):
        """Whether two places of the picture, (L, 1) and (S,), belong together: bool (L, S)."""
        if self.kind == "row":
            return queries - keys <= self.columns
        (row, column), (other_row, other_column) = map(self._cell, (queries, keys))
        if self.kind == "column":
            return column == other_column
        reach = self.kernel // 2
        return ops.logical_and(
            ops.abs(row - other_row) <= reach, ops.abs(column - other_column) <= reach
        )

    def _cell(self, places):
        """Row and column of places of the picture; those of the text are never looked at."""
        numbers = ops.maximum(places - self.text, 0)
        return numbers // self.columns, numbers % self.columns

    def compute_output_spec(self, tokens):
        length = tokens.shape[1]
        return keras.KerasTensor((1, length, length), dtype="bool")

    def get_config(self):
        own = {"kind": self.kind, "text": self.text, "columns": self.columns}
        return {**super().get_config(), **own, "kernel": self.kernel}
