"""A caption and a picture of codes as one sequence: its paddings, its positions, its end."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class OwnPadding(keras.layers.Layer):
    """Gives the padding at each position of a text an id of its own (Ramesh et al. 2021).

    Args:
        vocabulary_size: V, ids of tokens.

    Call arguments:
        token_ids: int32 (B, L), below V.
        padding_mask: int32 (B, L), 1 for tokens.

    Returns:
        int32 (B, L): the ids of tokens, and V + l where position l is padding.
    """

    def __init__(self, vocabulary_size, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size

    def call(self, token_ids, padding_mask):
        own = self.vocabulary_size + ops.arange(token_ids.shape[1], dtype="int32")
        return ops.where(padding_mask > 0, token_ids, own)

    def compute_output_spec(self, token_ids, padding_mask):
        return keras.KerasTensor(token_ids.shape, dtype="int32")

    def get_config(self):
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size}


@keras.saving.register_keras_serializable("mmssl")
class Begun(keras.layers.Layer):
    """Joins sequences behind a learned vector that begins them.

    Args:
        stddev: of the vector's initial values.

    Call arguments:
        parts: list of (B, T_i, C).

    Returns:
        (B, 1 + sum T_i, C).
    """

    def __init__(self, stddev=0.02, **kwargs):
        super().__init__(**kwargs)
        self.stddev = stddev

    def build(self, input_shape):
        start = keras.initializers.RandomNormal(stddev=self.stddev)
        self.start = self.add_weight((input_shape[0][-1],), initializer=start, name="start")

    def call(self, parts):
        shape = (ops.shape(parts[0])[0], 1, parts[0].shape[-1])
        first = ops.broadcast_to(ops.cast(self.start, parts[0].dtype), shape)
        return ops.concatenate([first, *parts], axis=1)

    def compute_output_shape(self, input_shape):
        lengths = [shape[1] for shape in input_shape]
        return (input_shape[0][0], 1 + sum(lengths), input_shape[0][-1])

    def get_config(self):
        return {**super().get_config(), "stddev": self.stddev}


@keras.saving.register_keras_serializable("mmssl")
class CaptionedPositions(keras.layers.Layer):
    """Adds learned positions to a text and a picture after it.

    A token of the text gets a vector of its position, one of the picture the sum of a vector of its
    row and one of its column.

    Args:
        text: tokens of the text.
        rows: of the picture.
        columns: of the picture.
        stddev: of the initial vectors.

    Call arguments:
        tokens: (B, L, C), the tokens at places `index` to `index` + L - 1.
        index: int32 scalar, 0 if not given.

    Returns:
        (B, L, C).
    """

    def __init__(self, text, rows, columns, stddev=0.01, **kwargs):
        super().__init__(**kwargs)
        self.text = text
        self.rows = rows
        self.columns = columns
        self.stddev = stddev

    def build(self, input_shape):
        start, width = keras.initializers.RandomNormal(stddev=self.stddev), input_shape[-1]
        sizes = {"text": self.text, "row": self.rows, "column": self.columns}
        self.tables = {
            name: self.add_weight((size, width), initializer=start, name=f"{name}_positions")
            for name, size in sizes.items()
        }

    def call(self, tokens, index=0):
        of_text, of_row, of_column = self.tables.values()
        cells = ops.reshape(of_row[:, None] + of_column[None], (-1, of_text.shape[-1]))
        table = ops.concatenate([of_text, cells])
        length = ops.shape(tokens)[1]
        own = ops.slice(table, (index, 0), (length, table.shape[-1]))
        return tokens + ops.cast(own, tokens.dtype)

    def compute_output_spec(self, tokens, index=0):
        return keras.KerasTensor(tokens.shape, dtype=self.compute_dtype)

    def get_config(self):
        own = {"text": self.text, "rows": self.rows, "columns": self.columns}
        return {**super().get_config(), **own, "stddev": self.stddev}


@keras.saving.register_keras_serializable("mmssl")
class LastTokensMean(keras.layers.Layer):
    """Averages the last tokens of a sequence, such as those of a picture after its caption.

    Args:
        count: number of them, 1 or more.

    Call arguments:
        tokens: (B, T, C).

    Returns:
        (B, C).
    """

    def __init__(self, count, **kwargs):
        super().__init__(**kwargs)
        self.count = count

    def call(self, tokens):
        return ops.mean(tokens[:, -self.count :], axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "count": self.count}
