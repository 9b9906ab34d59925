"""Learning the schema of a table, in one pass over its rows."""

import logging
import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from mmssl.pipelines.sources.tables import listed
from mmssl.pipelines.tables import cells
from mmssl.pipelines.tables.schema import Column, Schema

MOSTLY = 0.9  # share of the cells, from which on a column is one of numbers, or of dates
CODES = 0.01  # share of digits that begin with a zero, above which a column holds codes
MOST_COUNTED = 2**16  # different values of a column that are counted
TWICE = 2  # times that a value occurs in training to be known by itself
FEW = 20  # values of which nothing is said to be a name

logger = logging.getLogger(__name__)


@dataclass
class Tally:
    """What is known of a column after some rows; kinds by all rows, the rest by those to train on.

    Attributes:
        known: number of cells that are no gaps.
        found: number of them that are numbers, dates, numbers with a comma, and codes.
        first: the place and the text of the first number with a comma.
        rows: number of cells.
        counter: whether the numbers just count the rows.
        last: the last number, where there has been one.
        moments: of numbers and of dates: count, mean, and sum of squared differences from it.
        values: Counter of the texts; None where there are too many.
    """

    known: int = 0
    found: Counter = field(default_factory=Counter)
    first: tuple = ()
    rows: int = 0
    counter: bool = True
    last: np.ndarray = field(default_factory=lambda: np.empty(0))
    moments: dict = field(default_factory=lambda: {"number": (0, 0.0, 0.0), "date": (0, 0.0, 0.0)})
    values: Counter | None = field(default_factory=Counter)

    def add(self, names, column, chosen, decimal):
        """Adds the cells of a chunk.

        Args:
            names: list of the rows' names.
            column: see `mmssl.pipelines.tables.cells`.
            chosen: bool array (N,), the rows to train on.
            decimal: see `cells.numbers`.
        """
        known = ~cells.gaps(column)
        numbers = cells.numbers(column, decimal)
        read = {"number": numbers}
        if np.isnan(numbers[known]).any():
            read["date"] = cells.days(column)
        self.rows += len(known)
        self.known += int(known.sum())
        self._add_forms(names, column, known, decimal)
        for kind, values in read.items():
            usable = known & np.isfinite(values)
            self.found[kind] += int((known & ~np.isnan(values)).sum())
            self.moments[kind] = _merged(self.moments[kind], values[usable & chosen])
        self._add_counting(numbers)
        if self.values is not None:
            listed_ = cells.texts(column)
            self.values.update(
                text for text, use in zip(listed_, chosen & known, strict=True) if use
            )
            if len(self.values) > MOST_COUNTED:
                self.values = None

    def _add_forms(self, names, column, known, decimal):
        if not isinstance(column, list):
            return
        for name, text, there in zip(names, column, known, strict=True):
            if there and cells.is_code(text):
                self.found["code"] += 1
            if there and decimal == "." and "," in text and cells.has_comma(text):
                self.found["comma"] += 1
                self.first = self.first or (name, text)

    def _add_counting(self, numbers):
        numbers = np.concatenate([self.last, numbers[np.isfinite(numbers)]])
        self.counter = self.counter and bool((np.diff(numbers) == 1).all())
        self.last = numbers[-1:]


def learn_schema(table, ignore=(), categories=(), most_values=100, decimal=".", chosen=None):
    """Learns the kinds of columns, and of the rows to train on means, deviations and categories.

    Left out, and named in a warning, are columns that are empty, have one value only, count the
    rows, or hold names: categories most of which occur once.

    Args:
        table: see `mmssl.pipelines.tables.opening.open_table`.
        ignore: names of columns that are no input.
        categories: names of columns that are categories although they hold numbers.
        most_values: most categories of a column; those that are rarer are unknown ones.
        decimal: see `cells.numbers`.
        chosen: function (names, dict of columns) -> bool array (N,), the rows of a chunk to train
            on; None for all.

    Returns:
        Schema.

    Raises:
        ValueError: there is no column to learn from, or one has numbers with commas.
    """
    tallies = {name: Tally() for name in table.columns if name not in ignore}
    unknown = sorted(set(categories) - set(table.columns))
    if unknown:
        raise ValueError(f"{table.name} has no column {unknown[0]!r}, of data.categories")
    trained = 0
    for names, columns, _ in table.chunks():
        columns = dict(zip(table.columns, columns, strict=True))
        use = np.ones(len(names), bool) if chosen is None else chosen(names, columns)
        trained += int(use.sum())
        for name, tally in tallies.items():
            tally.add(names, columns[name], use, decimal)
    if not trained:
        raise ValueError(f"{table.name} has no rows to train on")
    found, left_out = [], {}
    for name, tally in tallies.items():
        if name in categories:  # even if each of its values were a name
            column, reason = _of_categories(name, tally, most_values)
        else:
            kind = _kind(tally, f"{table.name} column {name!r}")
            column, reason = _column(name, kind, tally, most_values)
        if column is None:
            left_out[name] = reason
        else:
            found.append(column)
    if left_out:
        told = listed([f"{name} ({reason})" for name, reason in left_out.items()])
        logger.warning("left out %d of %d columns: %s", len(left_out), len(tallies), told)
    if not found:
        raise ValueError(
            f"{table.name} has no column to learn from: {left_out or 'all are ignored'}"
        )
    left_out |= {name: "it is no input" for name in table.columns if name in ignore}
    return Schema(tuple(sorted(found, key=lambda column: column.kind == "category")), left_out)


def _kind(tally, place):
    """Returns number, date or category."""
    found, enough = tally.found, MOSTLY * tally.known
    if not tally.known or found["code"] > CODES * tally.known:
        return "category"
    if found["comma"] and found["number"] + found["comma"] >= enough:
        name, text = tally.first
        raise ValueError(
            f"{place}, {name}: {text!r} has a comma: set data.decimal to ',' if it parts the "
            "fraction, remove it if it parts thousands, or name the column in data.categories"
        )
    if found["number"] >= enough:
        return "number"
    return "date" if found["date"] >= enough else "category"


def _column(name, kind, tally, most_values):
    """Returns the Column, or None, and why it is left out."""
    if kind == "category":
        names = _as_names(tally)
        return (None, names) if names else _of_categories(name, tally, most_values)
    count, mean, squares = tally.moments[kind]
    if not count:
        return None, "it is empty"
    if kind == "number" and tally.counter and tally.rows > FEW:
        return None, "it counts the rows"
    if not math.isfinite(mean) or not math.isfinite(squares):
        return None, "its numbers are too large"
    deviation = math.sqrt(squares / count)
    if deviation <= 1e-12 * abs(mean):
        return None, "it has one value only"
    return Column(name, kind, float(mean), deviation), None


def _of_categories(name, tally, most_values):
    if tally.values is None:
        return None, f"it has more than {MOST_COUNTED} different values"
    if not tally.values:
        return None, "it is empty"
    gaps = tally.rows - tally.known
    if len(tally.values) == 1 and not gaps:
        return None, "it has one value only"
    # Equal counts in the order of the alphabet, so that the order of the rows changes nothing.
    frequent = sorted(tally.values.items(), key=lambda pair: (-pair[1], pair[0]))[:most_values]
    values = tuple(text for text, count in frequent if count >= TWICE)
    return Column(name, "category", values=values), None


def _as_names(tally):
    """Returns why values are names rather than categories, or None."""
    values = tally.values or Counter()
    once = sum(count == 1 for count in values.values())
    if once <= 0.5 * values.total() or values.total() < FEW:
        return None
    return f"{once} of its {values.total()} values occur once, as names do"


def _merged(moments, values):
    """Adds values to count, mean and sum of squared differences (Chan, Golub, LeVeque 1979)."""
    if not len(values):
        return moments
    count, mean, squares = moments
    with np.errstate(over="ignore", invalid="ignore"):
        added, own = len(values), values.mean()
        apart = own - mean
        total = count + added
        squares += np.square(values - own).sum() + apart**2 * count * added / total
        return total, mean + apart * added / total, squares
