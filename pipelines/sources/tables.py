"""Tables of files, texts and labels: TSV with a header line, or one JSON object per line."""

import logging
import os
import unicodedata
from pathlib import Path

import numpy as np

from mmssl.reading import check_regular, load_json

NO_TEXT = "it has no text"  # the reason for which a file is left out

logger = logging.getLogger(__name__)

TABLES = (".tsv", ".jsonl")
_MAX_COLUMNS = 1000  # a table with more has data for names, and would fill the memory


def read_table(path):
    """Reads a whole table; memory follows the bytes of the file.

    Args:
        path: `.tsv` (UTF-8, header line, fields separated by one tab, no quoting) or `.jsonl` (one
            object per line; a missing key, null and NaN read as ""). A column of lists or objects
            is left out, and named in a warning.

    Returns:
        Dict of column name -> array (rows,) of Python str.

    Raises:
        ValueError: when the file is not such a table; the message names the file and the line.
    """
    return _read(path)[0]


def read_texts(path):
    """Reads a table as `read_table` does, without the rows that have no text if it has texts.

    Args:
        path: see `read_table`. In a `.jsonl` table only a str in the column `text` is text.

    Returns:
        (columns, names): see `read_table`, and the list of the rows' names, such as "line 12". The
        rows that are left out are counted and named in a warning.

    Raises:
        ValueError: see `read_table`; also when no row has a text.
    """
    columns, lines = _read(path)
    names = [f"line {number}" for number in lines]
    if "text" not in columns:
        return columns, names
    has_text = np.array([bool(text.strip()) for text in columns["text"]])
    empty = [name for name, good in zip(names, has_text, strict=True) if not good]
    if len(empty) == len(names):
        raise ValueError(f"no row of the table {path} has a text")
    if empty:
        rows = f"{len(empty)} of {len(names)} rows of {path}"
        logger.warning("left out %s, which have no text: %s", rows, listed(empty))
    columns = {name: column[has_text] for name, column in columns.items()}
    return columns, [name for name, good in zip(names, has_text, strict=True) if good]


def _read(path):
    path = Path(path)
    if path.suffix.lower() not in TABLES:
        raise ValueError(f"{path} is not a table: give a {' or '.join(TABLES)} file")
    check_regular(path)
    if not path.is_file():
        raise ValueError(f"the table {path} does not exist (working folder {os.getcwd()})")
    parse = _tsv if path.suffix.lower() == ".tsv" else _jsonl
    with open(path, "rb") as file:
        columns, numbers = parse(path, _lines(path, file))
    if not numbers:
        raise ValueError(f"the table {path} has no rows")
    return {name: np.array(column, object) for name, column in columns.items()}, numbers


def _lines(path, file):
    """Yields (number, text) of each line, from 1 on."""
    for number, raw in enumerate(file, start=1):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path} line {number} is not UTF-8 text ({error.reason} at byte {error.start})"
            ) from error
        yield number, line.rstrip("\r\n")


def _tsv(path, lines):
    header = next((line for _, line in lines), None)
    if header is None:
        return {}, []
    header = header.split("\t")
    _check_header(path, header)
    columns, numbers = [[] for _ in header], []
    for number, line in lines:
        if not line:
            continue
        fields = line.split("\t")
        if len(fields) != len(header):
            raise ValueError(
                f"{path} line {number} has {len(fields)} fields, the header has {len(header)}: "
                "fields are separated by one tab, without quoting"
            )
        numbers.append(number)
        for column, field in zip(columns, fields, strict=True):
            column.append(field)
    return dict(zip(header, columns, strict=True)), numbers


def _check_header(path, header):
    if not any(header):
        raise ValueError(f"{path} line 1 is empty: expected the names of the columns")
    if any("\r" in name for name in header):
        raise ValueError(f"{path} ends its lines with CR alone: save it with LF or CRLF")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise ValueError(
            f"{path} line 1 has more than one column named {listed([repr(name) for name in twice])}"
        )


def _jsonl(path, lines):
    columns, nested, numbers = {}, {}, []
    for number, line in lines:
        if not line.strip():
            continue
        row = _object(path, number, line)
        for name in row:
            columns.setdefault(name, [""] * len(numbers))
        if len(columns) > _MAX_COLUMNS:
            raise ValueError(
                f"{path} has more than {_MAX_COLUMNS} different keys by line {number}: expected "
                "the same few in every line"
            )
        for name, column in columns.items():
            value = row.get(name)
            column.append(_cell(f"{path} line {number}", name, value))
            if isinstance(value, list | dict) and name != "text":
                nested.setdefault(name, number)
        numbers.append(number)
    for name, number in nested.items():
        logger.warning(
            "left out the column %r of %s: line %d has a list or an object there",
            name,
            path,
            number,
        )
    return {name: column for name, column in columns.items() if name not in nested}, numbers


def _object(path, number, line):
    try:
        row = load_json(line)
    except ValueError as error:
        raise ValueError(f"{path} line {number} is not valid JSON: {error}") from error
    if not isinstance(row, dict):
        raise ValueError(f"{path} line {number} is not a JSON object")
    return row


def _cell(where, name, value):
    """Returns a JSON value as str, "" where there is none, or where a text is not one."""
    if name == "text":
        return value if isinstance(value, str) else ""
    if value is None or value != value or isinstance(value, list | dict):  # NaN is not itself
        return ""
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{where} has half of a surrogate pair in {name!r}: it is not text")
    return str(value)


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
    # Letters with accents have two encodings: the exact spelling wins where both exist.
    items = {unicodedata.normalize("NFC", name): i for name, i in items.items()} | items
    rows, missing = np.full(len(names), -1, np.int64), []
    for row, file in enumerate(column):
        candidates = [os.path.normpath(os.path.join(base, file)) for base in bases]
        spellings = [*candidates, *(unicodedata.normalize("NFC", name) for name in candidates)]
        item = next((items[name] for name in spellings if name in items), None)
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
