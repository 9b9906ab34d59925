"""What a run knows of the columns of its table: names, kinds, and how each becomes values."""

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from mmssl.files import write_text
from mmssl.pipelines.sources.tables import listed
from mmssl.pipelines.tables.cells import date_of, days, numbers
from mmssl.reading import load_json

SCHEMA_FILE = "schema.json"
GAP, UNKNOWN, FIRST = 0, 1, 2  # codes of categories: none, one not seen in training, the others
NOUNS = {"number": "numbers", "date": "dates", "category": "categories"}


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: of the column.
        kind: number, date or category.
        mean: of the numbers, or of the days since 1970, in training.
        deviation: their standard deviation, above 0.
        values: of categories, the most frequent first; their codes begin with 2.
    """

    name: str
    kind: str
    mean: float = 0.0
    deviation: float = 1.0
    values: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "values", tuple(self.values))
        finite = np.isfinite([self.mean, self.deviation]).all() and self.deviation > 0
        if self.kind not in NOUNS or not finite or not all(map(_is_text, self.values)):
            raise ValueError(f"the column {self.name!r} is not described as one")

    @property
    def size(self):
        """Number of its codes, if it holds categories."""
        return FIRST + len(self.values)

    def read(self, cells, decimal="."):
        """Reads numbers or dates; see `numbers` and `days`."""
        return days(cells) if self.kind == "date" else numbers(cells, decimal)

    def written(self, value):
        """Writes a value as a person would: str, "?" for a gap.

        Args:
            value: float, standardized, NaN for a gap; or a code.
        """
        if self.kind == "category":
            code = int(value)
            return {GAP: "?", UNKNOWN: "(another)"}.get(code) or self.values[code - FIRST]
        if np.isnan(value):
            return "?"
        plain = self.mean + self.deviation * float(value)
        if self.kind == "date":
            return date_of(plain)
        # To what a float32 of the standardized value holds, so that 0 is 0.
        places = max(0, 5 - math.floor(math.log10(self.deviation)))
        return f"{round(plain, places) + 0.0:.10g}"


@dataclass(frozen=True)
class Schema:
    """The columns that an encoder sees, in order: numbers and dates first, then categories.

    Attributes:
        columns: tuple of Column.
        left_out: dict from the name of a column that is not seen to the reason.
    """

    columns: tuple[Column, ...]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def numbers(self):
        """List of the Columns of numbers and dates."""
        return [column for column in self.columns if column.kind != "category"]

    @property
    def categories(self):
        """List of the Columns of categories."""
        return [column for column in self.columns if column.kind == "category"]

    @property
    def width(self):
        """Number of values of a row, see `mmssl.pipelines.tables.values.values_of`."""
        return 2 * len(self.numbers) + sum(column.size for column in self.categories)

    def names(self):
        """Returns the names of the columns, list of str."""
        return [column.name for column in self.columns]

    def written(self, row):
        """Writes a coded row for people.

        Args:
            row: float array (columns,), see `mmssl.pipelines.tables.coding.Coder`.

        Returns:
            list of (name of a column, what stands in it).
        """
        pairs = zip(self.columns, row, strict=True)
        return [(column.name, column.written(value)) for column, value in pairs]

    def check(self, names, place):
        """Refuses a table that lacks a column.

        Args:
            names: list of str, the table's columns.
            place: what the message calls the table.

        Raises:
            ValueError: see above; what else the table has is named, as it may be a new name.
        """
        missing = [repr(name) for name in self.names() if name not in names]
        if not missing:
            return
        known = {*self.names(), *self.left_out}
        others = [repr(name) for name in names if name not in known]
        has = f"; it has {listed(others, 5)}, which the encoder does not know" if others else ""
        plural = "the columns" if len(missing) > 1 else "the column"
        raise ValueError(
            f"{place} lacks {plural} {listed(missing, 5)} that the encoder was trained on{has}"
        )

    def write(self, folder):
        """Writes `schema.json` into a folder, atomically."""
        told = {"columns": [asdict(column) for column in self.columns], "left_out": self.left_out}
        write_text(Path(folder) / SCHEMA_FILE, json.dumps(told, indent=1) + "\n")

    @classmethod
    def read(cls, folder):
        """Reads `schema.json` back.

        Raises:
            ValueError: the file is missing or damaged.
        """
        path = Path(folder) / SCHEMA_FILE
        if not path.is_file():
            raise ValueError(f"{path} does not exist: give the folder of a run on a table")
        try:
            told = load_json(path.read_bytes())
            return cls(tuple(Column(**column) for column in told["columns"]), told["left_out"])
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path} is damaged: {error}") from None


def _is_text(value):
    return isinstance(value, str)
