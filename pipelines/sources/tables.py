"""Tables of files, texts and labels: TSV with a header line, or one JSON object per line."""

import io
import logging
import os
import unicodedata
from array import array
from pathlib import Path

import numpy as np

from mmssl.pipelines.sources import places
from mmssl.pipelines.sources.strings import Strings
from mmssl.pipelines.sources.table_texts import TableTexts
from mmssl.reading import check_regular, load_json

NO_TEXT = "it has no text"  # the reason for which a file is left out

logger = logging.getLogger(__name__)

TABLES = (".tsv", ".jsonl")
_MAX_COLUMNS = 1000  # a table with more has data for names, and would fill the memory
_MOST_KNOWN = 2**16  # different values of a table of texts that are one object each


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
    path, numbers = _checked(path), array("q")
    with _opened(path) as file:
        columns = _parser(path)(path, _lines(path, file), numbers, lambda name, value: value)
    return _arrays(path, columns, numbers)


def read_texts(path):
    """Reads a table without its texts, which stay in the file, and the rows that have none.

    Args:
        path: see `read_table`. In a `.jsonl` table only a str in the column `text` is text.

    Returns:
        (columns, names): see `read_table`, with a `TableTexts` as the column `text`, and the rows'
        names, such as "line 12", `Strings`. The rows that are left out are counted and named in a
        warning. A table without a column `text` is returned as it is.

    Raises:
        ValueError: see `read_table`; also when no row has a text.
    """
    path, numbers, begins = _checked(path), array("q"), array("q", [0])
    with open(path, "rb") as file:
        lines = _lines(path, file, begins)
        columns = _arrays(path, _parser(path)(path, lines, numbers, _shortener()), numbers)
    numbers, begins = np.frombuffer(numbers, np.int64), np.frombuffer(begins, np.int64)
    if "text" not in columns:
        return columns, _line_names(numbers)
    column = _header(path).index("text") if _ending(path) == ".tsv" else None
    texts = TableTexts(path, begins[numbers - 1], np.diff(begins)[numbers - 1], column)
    has_text = columns["text"] != ""
    if not has_text.any():
        raise ValueError(f"no row of the table {path} has a text")
    if not has_text.all():
        empty = _line_names(numbers[~has_text])
        rows = f"{len(empty)} of {len(numbers)} rows of {path}"
        logger.warning("left out %s, which have no text: %s", rows, listed(empty))
    columns = {name: column[has_text] for name, column in columns.items()}
    return columns | {"text": texts.chosen(has_text)}, _line_names(numbers[has_text])


def _header(path):
    with open(path, encoding="utf-8-sig", newline="\n") as file:
        return file.readline().rstrip("\r\n").split("\t")


def _line_names(numbers):
    return Strings.of([f"line {number}" for number in numbers])


def _shortener():
    """Returns a function of a column and a value, to what is kept of it in memory."""
    known = {}

    def short(name, value):
        if name == "text":
            return "text" if value.strip() else ""
        if len(known) < _MOST_KNOWN:
            return known.setdefault(value, value)
        return known.get(value, value)

    return short


def _opened(path):
    return io.BytesIO(places.read_bytes(path)) if places.is_remote(path) else open(path, "rb")


def _checked(path):
    path = path if places.is_remote(path) else Path(path)
    if _ending(path) not in TABLES:
        raise ValueError(f"{path} is not a table: give a {' or '.join(TABLES)} file")
    if not places.is_remote(path):
        check_regular(path)
    if not places.exists(path) or places.is_folder(path):
        raise ValueError(f"the table {path} does not exist (working folder {os.getcwd()})")
    return path


def _ending(path):
    return os.path.splitext(path)[1].lower()


def _parser(path):
    return _tsv if _ending(path) == ".tsv" else _jsonl


def _arrays(path, columns, numbers):
    if not numbers:
        raise ValueError(f"the table {path} has no rows")
    return {name: np.array(column, object) for name, column in columns.items()}


def _lines(path, file, begins=None):
    """Yields (number, text) of each line, from 1 on, and adds to `begins` where it ends."""
    for number, raw in enumerate(file, start=1):
        if begins is not None:
            begins.append(begins[-1] + len(raw))
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path} line {number} is not UTF-8 text ({error.reason} at byte {error.start})"
            ) from error
        yield number, line.rstrip("\r\n")


def _tsv(path, lines, numbers, kept):
    """Returns the columns, dict of lists, of what is `kept`, and adds the numbers of the rows."""
    header = next((line for _, line in lines), None)
    if header is None:
        return {}
    header = header.split("\t")
    _check_header(path, header)
    columns = [[] for _ in header]
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
        for name, column, field in zip(header, columns, fields, strict=True):
            column.append(kept(name, field))
    return dict(zip(header, columns, strict=True))


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


def _jsonl(path, lines, numbers, kept):
    """See `_tsv`."""
    columns, nested = {}, {}
    for number, line in lines:
        if not line.strip():
            continue
        row = json_row(path, number, line)
        for name in row:
            columns.setdefault(name, [""] * len(numbers))
        if len(columns) > _MAX_COLUMNS:
            raise ValueError(
                f"{path} has more than {_MAX_COLUMNS} different keys by line {number}: expected "
                "the same few in every line"
            )
        for name, column in columns.items():
            value = row.get(name)
            column.append(kept(name, _cell(f"{path} line {number}", name, value)))
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
    return {name: column for name, column in columns.items() if name not in nested}


def json_row(path, number, line):
    """Reads a line of a `.jsonl` table: a dict.

    Args:
        path: of the table, for messages.
        number: of the line, likewise.
        line: str or bytes.

    Raises:
        ValueError: it is no JSON object.
    """
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
