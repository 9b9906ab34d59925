"""Rows of a table, for pretraining and for a trained encoder."""

from typing import Any, Literal

import tensorflow as tf

from mmssl.choices import check_choices
from mmssl.pipelines.elements import mapped, uniforms
from mmssl.pipelines.opening import in_split
from mmssl.pipelines.pipeline import Pipeline
from mmssl.pipelines.reader import BATCH
from mmssl.pipelines.sources import Source
from mmssl.pipelines.sources.extensions import TABLE_EXTENSIONS
from mmssl.pipelines.tables.files import is_there
from mmssl.pipelines.tables.opening import learn, open_rows
from mmssl.pipelines.tables.schema import SCHEMA_FILE, Schema


class TableRows(Pipeline):
    """Rows of a table, once an epoch each.

    Batches, and inputs of a trained encoder, hold, where the table has such columns,

        numbers float32 (B, F): numbers and dates, by the mean and the standard deviation of the
            rows to train on; 0 for a gap;
        present int32 (B, F): 1 where there is one, 0 for a gap;
        categories int32 (B, G): codes, 0 for a gap, 1 for what was not seen, or seen once, in
            training, then the others, the most frequent first.

    Kinds of columns, means and categories are learned when a run begins, and kept in its
    `schema.json`. Columns that say nothing are left out, see `learn_schema`, and so are those of
    labels and splits.

    Args:
        source: see `mmssl.pipelines.tables.files.open_table`.
        batch_size: rows per batch.
        ignore: names of columns that are no inputs.
        categories: names of columns that are categories although they hold numbers.
        most_values: most categories of a column that are told apart, 1 or more.
        decimal: what parts a number from its fraction.
        **kwargs: see `Pipeline`; `label_column` and `split_column` name columns of the table.
    """

    extensions = TABLE_EXTENSIONS

    def __init__(
        self,
        source: Any = "builtin:customers",
        batch_size: int = 128,
        ignore: tuple[str, ...] = (),
        categories: tuple[str, ...] = (),
        most_values: int = 100,
        decimal: Literal[".", ","] = ".",
        **kwargs,
    ):
        super().__init__(source, batch_size, **kwargs)
        check_choices(TableRows.__init__, decimal=decimal)
        if most_values < 1:
            raise ValueError(f"most_values={most_values} must be 1 or more")
        self.ignore = tuple(ignore)
        self.categories = tuple(categories)
        self.most_values = most_values
        self.decimal = decimal
        self._schema: Schema | None = None

    @property
    def schema(self):
        """The Schema; learned from the source where no run has one."""
        if self._schema is None:
            self._schema = learn(self)
        return self._schema

    def _is_known(self):
        """Whether a run or the source tells the columns; a recipe can be read without."""
        return self._schema is not None or is_there(self.source)

    def reopen(self, folder):
        if (folder / SCHEMA_FILE).is_file():
            self._schema = Schema.read(folder)

    def restore(self, folder):
        self._schema = Schema.read(folder)

    def index(self, folder=None):
        super().index(folder)
        if folder is not None:
            self.schema.write(folder)

    def open(self, spec, labels=None, label_column=None, split_column=None):
        return open_rows(self, spec, labels, label_column, split_column)

    def open_items(self, spec):
        return self.open(spec)

    def open_to_train(self):
        source = self.open(self.source, self.labels, self.label_column, self.split_column)
        return in_split(source, self.split).first(self.limit)

    def decode(self, raw):
        return tf.ensure_shape(raw, [len(self.schema.columns)])

    def worth_caching(self, source):
        return False  # coded rows are mapped into memory already

    def draws(self):
        """Returns how many random numbers an element needs, 1 or more."""
        return 1

    def elements(self, rows, draws):
        """Makes training elements of coded rows.

        Args:
            rows: float32 tensor (B, columns), see `mmssl.pipelines.tables.coding.Coder`.
            draws: float32 tensor (B, `draws()`), uniform in [0, 1).

        Returns:
            dict of tensors (B, ...).
        """
        return self.split_up(rows)

    def example(self, index, key):
        rows = self.items.reread(index)[tf.newaxis]
        several = self.elements(rows, uniforms(key[0], key[1], 1, self.draws()))
        return {name: values[0] for name, values in several.items()}

    def batched(self, numbers, seed, rows):
        width = len(self.schema.columns)

        def batch(several):
            coded = self.items.reread(self.item_index(several, seed))
            draws = uniforms(seed, several[0], rows, self.draws())
            return self.elements(tf.ensure_shape(coded, [rows, width]), draws)

        several = numbers.batch(rows, drop_remainder=True)
        return mapped(several, batch, self.num_parallel_calls)

    def examples(self, source, batch_size=BATCH, max_length=None):
        source = source if isinstance(source, Source) else self.open(source)
        width = len(self.schema.columns)

        def batch(several):
            return self.split_up(tf.ensure_shape(source.read(several), [None, width]))

        several = tf.data.Dataset.range(len(source)).batch(batch_size)
        return mapped(several, batch, self.num_parallel_calls).prefetch(2)

    def inputs(self, item, max_length=None):
        return {name: values[0] for name, values in self.split_up(item[tf.newaxis]).items()}

    def split_up(self, rows):
        """Turns coded rows into the encoder's inputs.

        Args:
            rows: float32 tensor (B, columns).

        Returns:
            dict of tensors, see the class.
        """
        count = len(self.schema.numbers)
        numbers, codes = rows[:, :count], rows[:, count:]
        known = tf.math.is_finite(numbers)
        found = {
            "numbers": tf.where(known, numbers, 0.0),
            "present": tf.cast(known, tf.int32),
            "categories": tf.cast(codes, tf.int32),
        }
        return {name: values for name, values in found.items() if values.shape[-1]}

    def values_of(self, inputs):
        """Lays out what an encoder sees of rows: numbers, gaps, and a 1 at each code, among zeros.

        Args:
            inputs: dict of tensors, see `split_up`.

        Returns:
            float32 tensor (B, values).
        """
        parts = []
        if "numbers" in inputs:
            parts += [inputs["numbers"], 1.0 - tf.cast(inputs["present"], tf.float32)]
        for i, column in enumerate(self.schema.categories):
            parts.append(tf.one_hot(inputs["categories"][:, i], column.size))
        return tf.concat(parts, axis=1)

    def owners(self):
        """Returns the number of the column behind each value, a list of ints; see `values_of`."""
        count = len(self.schema.numbers)
        codes = enumerate(self.schema.categories, start=count)
        return [*range(count), *range(count), *(i for i, c in codes for _ in range(c.size))]

    def cells(self, source, index):
        """Returns what stands in a row: list of (name of a column, str), "?" for gaps."""
        return self.schema.written(super().preview(source, index))

    def preview(self, source, index):
        return ", ".join(f"{name}: {text}" for name, text in self.cells(source, index))

    def encoder_arguments(self):
        """Returns the number of columns of numbers, and of the codes of each other column."""
        if not self._is_known():
            return {}
        schema = self.schema
        sizes = [column.size for column in schema.categories]
        return {"numbers": len(schema.numbers), "categories": sizes}
