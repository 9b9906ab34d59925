"""Tables of files, texts and labels: TSV with a header line, or one JSON object per line."""

import json
import os
from pathlib import Path

import numpy as np

TABLES = (".tsv", ".jsonl")


def read_table(path):
    """Reads a whole table.

    Args:
        path: `.tsv` (UTF-8, header line, fields separated by one tab, no quoting) or `.jsonl` (one
            object per line; a missing key reads as "").

    Returns:
        Dict of column name -> array (rows,) of str.

    Raises:
        ValueError: when the file is not such a table; the message names the file and the line.
    """
    path = Path(path)
    if path.suffix.lower() not in TABLES:
        raise ValueError(f"{path} is not a table: give a {' or '.join(TABLES)} file")
    if not path.is_file():
        raise ValueError(f"the table {path} does not exist (working folder {os.getcwd()})")
    try:
        with open(path, encoding="utf-8-sig", newline="\n") as file:
            lines = [line.rstrip("\r\n") for line in file]
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text ({error.reason} at {error.start})") from error
    parse = _tsv if path.suffix.lower() == ".tsv" else _jsonl
    columns = parse(path, lines)
    if not columns or not len(next(iter(columns.values()))):
        raise ValueError(f"the table {path} has no rows")
    return columns


def _tsv(path, lines):
    if not lines:
        return {}
    header = lines[0].split("\t")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        fields = line.split("\t")
        if line and len(fields) != len(header):
            raise ValueError(
                f"{path} line {number} has {len(fields)} fields, the header has {len(header)}: "
                "fields are separated by one tab, without quoting"
            )
        if line:
            rows.append(fields)
    values = np.array(rows, str) if rows else np.empty((0, len(header)), str)
    return {name: values[:, i] for i, name in enumerate(header)}


def _jsonl(path, lines):
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path} line {number} is not valid JSON: {error}") from error
        if not isinstance(row, dict):
            raise ValueError(f"{path} line {number} is not a JSON object")
        rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([str(row.get(name, "")) for row in rows]) for name in names}


def match_files(path, column, names, root):
    """Finds the row of every item in a label table.

    Args:
        path: path of the table, for its folder and for messages.
        column: array (rows,) of file names, relative to the table's folder or to `root`.
        names: list of item names.
        root: folder that the names are relative to; None if items are not files.

    Returns:
        Int array (len(names),): the row of each item, -1 where the table has none.

    Raises:
        ValueError: when a file is listed twice or does not exist, or no item is listed at all.
    """
    bases = [""] if root is None else [os.path.abspath(Path(path).parent), os.path.abspath(root)]
    items = {os.path.normpath(os.path.join(bases[-1], name)): i for i, name in enumerate(names)}
    rows, missing = np.full(len(names), -1, np.int64), []
    for row, file in enumerate(column):
        candidates = [os.path.normpath(os.path.join(base, file)) for base in bases]
        item = next((items[c] for c in candidates if c in items), None)
        if item is None:
            if root is None or not any(map(os.path.exists, candidates)):
                missing.append(str(file))
        elif rows[item] >= 0:
            raise ValueError(f"{path} lists {file} twice: expected one row per file")
        else:
            rows[item] = row
    if missing:
        raise ValueError(f"{path} lists {len(missing)} files that do not exist: {listed(missing)}")
    if (rows < 0).all():
        raise ValueError(f"{path} lists none of the {len(names)} items; the first is {names[0]}")
    return rows


def listed(names, limit=20):
    """Returns the first `limit` names, separated by commas, and the number of the others."""
    rest = len(names) - limit
    return ", ".join(map(str, names[:limit])) + (f" and {rest} more" if rest > 0 else "")
