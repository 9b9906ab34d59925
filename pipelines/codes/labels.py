"""Labels that codes are conditioned on, numbered by their names."""

import json
from pathlib import Path

import numpy as np

from mmssl.files import write_text
from mmssl.reading import load_json

LABELS_FILE = "code_labels.json"


class Labels:
    """The labels of columns, numbered from 1 in the order of their names; 0 is the unknown one.

    Args:
        names: dict from the name of a column to a list of str, its labels.
    """

    def __init__(self, names):
        self.names = names

    @classmethod
    def learned(cls, source, counts):
        """Reads the labels of a source.

        Args:
            source: Source.
            counts: dict from the name of a column to the number of its labels, with the unknown.

        Raises:
            ValueError: there is no such column, or it has more labels.
        """
        names = {}
        for column, count in counts.items():
            if column not in source.columns:
                there = ", ".join(source.columns) or "(none; give labels=<table>)"
                raise ValueError(f"conditions name the column {column!r}: choose one of {there}")
            found = sorted({str(label) for label in source.columns[column]} - {""})
            if len(found) >= count:
                raise ValueError(
                    f"conditions give {column!r} {count} labels, too few for the {len(found)} of "
                    f"the data and the unknown one: set it to {len(found) + 1}"
                )
            names[column] = found
        return cls(names)

    def numbers(self, source):
        """Returns the numbers of the labels of every item of a source: int32 (N, columns)."""
        columns = []
        for column, names in self.names.items():
            known = {name: number for number, name in enumerate(names, start=1)}
            held = source.columns.get(column, [""] * len(source))
            columns.append([known.get(str(label), 0) for label in held])
        return np.array(columns, np.int32).reshape(len(columns), -1).T

    def write(self, folder):
        """Writes code_labels.json to a run folder."""
        write_text(Path(folder, LABELS_FILE), json.dumps(self.names, indent=1))

    @classmethod
    def read(cls, folder):
        """Reads code_labels.json of a run folder; None where it has none.

        Raises:
            ValueError: the file is damaged.
        """
        path = Path(folder, LABELS_FILE)
        if not path.is_file():
            return None
        try:
            names = {
                str(c): [str(x) for x in found] for c, found in load_json(path.read_bytes()).items()
            }
        except (ValueError, AttributeError, TypeError) as error:
            raise ValueError(f"{path} is damaged ({error}): restore it from a copy") from None
        return cls(names)
