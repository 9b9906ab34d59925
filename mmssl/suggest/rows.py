"""What a table of numbers and categories holds, by one look at all of its rows."""

import os
from pathlib import Path

import numpy as np

from mmssl.pipelines.sources.extensions import TABLE_EXTENSIONS
from mmssl.pipelines.tables.coding import Coder
from mmssl.pipelines.tables.files import BUILTIN, open_table
from mmssl.pipelines.tables.learning import learn_schema
from mmssl.quiet import quiet_logger

_OF_FILES = {"file", "text"}  # columns of a .tsv that lists files or texts


def is_table(source):
    """Says whether a source is a table of data, and not one of files or texts, or an archive.

    Args:
        source: str.
    """
    suffix = Path(source).suffix.lower()
    if suffix == ".tsv" and os.path.isfile(source):
        return not _OF_FILES & set(open_table(source).columns)
    return source == BUILTIN or suffix in set(TABLE_EXTENSIONS) - {".tsv", ".npz"}


def examine(source):
    """Examines a table: its columns, and rows that could not be read.

    Args:
        source: path of a table.

    Returns:
        dict of the arguments of `Look` for a table.

    Raises:
        ValueError: it cannot be read, or has no column to learn from.
    """
    table, seen = open_table(source), []
    splits = table.columns.index("split") if "split" in table.columns else None

    def chosen(names, columns):
        given = ["train"] * len(names) if splits is None else columns["split"]
        seen.append(np.array([str(text) == "train" for text in given], bool))
        return seen[-1]

    with quiet_logger("mmssl.pipelines.tables"):  # what is left out is told below
        schema = learn_schema(table, {"label", "split"}, chosen=chosen)
    coder, bad = Coder(schema, ".", table.name), []
    for names, columns, of_chunk in table.chunks():
        _, wrong = coder.code(names, dict(zip(table.columns, columns, strict=True)))
        bad += of_chunk + [(names[row], reason) for row, reason in wrong.items()]
    count, trained = sum(map(len, seen)), sum(int(rows.sum()) for rows in seen)
    return {
        "count": trained,
        "looked": count,
        "unreadable": bad,
        "left_out": [
            f"{name} is left out, {why}"
            for name, why in schema.left_out.items()
            if "no input" not in why
        ],
        "held_out": count - trained,
        "numbers": [column.name for column in schema.numbers],
        "categories": [column.name for column in schema.categories],
    }
