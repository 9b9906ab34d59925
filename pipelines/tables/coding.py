"""Turning the cells of a table into rows of numbers, by a schema."""

from collections import Counter

import numpy as np

from mmssl.pipelines.tables import cells
from mmssl.pipelines.tables.schema import FIRST, GAP, NOUNS, UNKNOWN

MOSTLY = 0.5  # share of a column's cells from which on it is of another kind than in training


class Coder:
    """Codes the columns of tables as a schema says.

    A coded row is float32 (columns,): of numbers and dates their distance from the training mean,
    in standard deviations, and NaN for a gap; of categories their code, 0 for a gap and 1 for one
    that training did not know.

    Args:
        schema: Schema.
        decimal: see `cells.numbers`.
        place: what messages call the table.
    """

    def __init__(self, schema, decimal, place):
        self.schema, self._decimal, self._place = schema, decimal, place
        self._codes = {
            column.name: {text: FIRST + i for i, text in enumerate(column.values)} | {"": GAP}
            for column in schema.categories
        }
        self._known, self._wrong, self._first = Counter(), Counter(), {}

    def code(self, names, columns):
        """Codes a chunk of rows.

        Args:
            names: list of the rows' names.
            columns: dict from the name of a column to its cells.

        Returns:
            (rows, bad): float32 (M, columns) of the rows that can be read, and a dict from the
            position of each other row to the reason.
        """
        coded, bad = np.empty((len(names), len(self.schema.columns)), np.float32), {}
        for i, column in enumerate(self.schema.columns):
            given = columns[column.name]
            if column.kind == "category":
                coded[:, i] = self._of_categories(column, given, names)
                continue
            gaps, values = cells.gaps(given), column.read(given, self._decimal)
            with np.errstate(over="ignore"):
                coded[:, i] = (values - column.mean) / column.deviation
            wrong = np.flatnonzero(~gaps & ~np.isfinite(coded[:, i]))
            self._count(column, names, given, int((~gaps).sum()), wrong)
            for row in wrong:
                bad.setdefault(int(row), self._reason(column, given[row], values[row]))
        return coded[[row for row in range(len(names)) if row not in bad]], bad

    def check(self):
        """Refuses a table one of whose columns is of another kind than in training.

        Raises:
            ValueError: see above; the column, a row and what it holds are named.
        """
        for column in self.schema.columns:
            wrong, known = self._wrong[column.name], self._known[column.name]
            if wrong > MOSTLY * known:
                name, text = self._first[column.name]
                raise ValueError(
                    f"{self._place} {name}, column {column.name!r}: {text!r} is of another kind: "
                    f"the encoder was trained on {NOUNS[column.kind]} there{_such_as(column)}"
                )

    def _of_categories(self, column, given, names):
        codes, texts = self._codes[column.name], cells.texts(given)
        found = [codes.get(text, UNKNOWN) for text in texts]
        # Numbers where words were: a cell that is new alone may be a category never seen.
        words = not any(np.isfinite(cells.numbers(list(column.values), self._decimal)))
        new = np.flatnonzero(np.array(found) == UNKNOWN) if words else np.empty(0, int)
        numeric = cells.numbers([texts[row] for row in new], self._decimal)
        self._count(column, names, texts, len(found) - found.count(GAP), new[~np.isnan(numeric)])
        return found

    def _count(self, column, names, given, known, wrong):
        self._known[column.name] += known
        self._wrong[column.name] += len(wrong)
        if len(wrong):
            self._first.setdefault(column.name, (names[wrong[0]], _shown(given[wrong[0]])))

    def _reason(self, column, given, value):
        if np.isnan(value):
            return f"{column.name} is {_shown(given)!r}, which is no {column.kind}"
        return f"{column.name} is {_shown(given)!r}, which is not finite"


def _shown(cell):
    text = str(cell)
    return text if len(text) <= 40 else f"{text[:40]} ..."


def _such_as(column):
    return f", such as {column.values[0]!r}" if column.values else ""
