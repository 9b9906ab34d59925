"""Rows beside corrupted ones, whose values come from other rows."""

from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources.arrays import held, host, taken
from mmssl.pipelines.tables.rows import TableRows


class Marginals:
    """The empirical distribution of each column, by itself, over the rows of a source.

    Args:
        source: Source of coded rows.
    """

    def __init__(self, source):
        rows = np.arange(len(source)) if source.chosen is None else source.chosen
        self._rows, self._width = host(rows), source.content.shape[1]
        self._cells = held(source.content.reshape(-1))

    def __call__(self, draws):
        """Draws a value of each column, each from a row of its own.

        Args:
            draws: float32 tensor (B, columns), uniform in [0, 1).

        Returns:
            float32 tensor (B, columns).
        """
        count = tf.size(self._rows, tf.int64)
        places = tf.cast(tf.cast(draws, tf.float64) * tf.cast(count, tf.float64), tf.int64)
        rows = tf.gather(self._rows, tf.minimum(places, count - 1))
        columns = tf.range(self._width, dtype=tf.int64)
        return taken(self._cells, rows * self._width + columns)


def choose(draws, count):
    """Chooses the same number of columns in each row.

    Args:
        draws: float32 tensor (B, columns), uniform in [0, 1).
        count: int, how many.

    Returns:
        bool tensor (B, columns).
    """
    rank = tf.argsort(tf.argsort(draws, axis=-1, stable=True), axis=-1)
    return rank < count


def check_share(name, share):
    """Raises a ValueError unless a share of the columns lies between 0 and 1."""
    if not 0 <= share <= 1:
        raise ValueError(f"{name}={share} must be a share of the columns, 0 to 1")


class MarginalViews(TableRows):
    """Rows, and the same rows with some values from other rows.

    Batches hold the inputs of `TableRows` twice, numbers_1, present_1 and categories_1 of the row,
    numbers_2, ... of the corrupted one. In that, exactly floor(share * columns) columns are chosen,
    others in each row, and the value of each is that of a row drawn for it alone, so that it comes
    from the column's empirical marginal over the rows to train on; a gap is a value, too.

    Args:
        source: see `TableRows`.
        batch_size: rows per batch, each with its corrupted one.
        share: of the columns that are corrupted, 0 to 1.
        **kwargs: see `TableRows`.
    """

    def __init__(
        self,
        source: Any = "builtin:customers",
        batch_size: int = 128,
        share: float = 0.6,
        **kwargs,
    ):
        super().__init__(source, batch_size, **kwargs)
        check_share("share", share)
        self.share = share

    def index(self, folder=None):
        super().index(folder)
        self._marginals = Marginals(self.items)

    def draws(self):
        return 2 * len(self.schema.columns)

    def corrupted(self, rows, draws):
        """Corrupts coded rows.

        Args:
            rows: float32 tensor (B, columns).
            draws: float32 tensor (B, 2 * columns), uniform in [0, 1).

        Returns:
            float32 tensor (B, columns).
        """
        choices, places = tf.split(draws, 2, axis=1)
        chosen = choose(choices, int(self.share * len(self.schema.columns)))
        return tf.where(chosen, self._marginals(places), rows)

    def elements(self, rows, draws):
        views = [self.split_up(rows), self.split_up(self.corrupted(rows, draws))]
        return {
            f"{name}_{number}": values
            for number, view in enumerate(views, start=1)
            for name, values in view.items()
        }
