"""Pairs that a table lists, a row each."""

import os

import numpy as np

from mmssl.pipelines.pairs.halves import NO_FILE, NO_TEXT, half_of_files, reads_texts
from mmssl.pipelines.pairs.paired import Half, PairedSource
from mmssl.pipelines.sources.finding import why_not
from mmssl.pipelines.sources.tables import json_row, read_table
from mmssl.reading import check_regular

_USUAL = {True: ("caption", "text"), False: ("file",)}  # by whether a side reads texts


def open_table(path, extensions, columns):
    """Joins the halves of the rows of a table.

    Rows with the same first half are one pair, which has all their second halves: a picture that is
    listed three times, with another caption each time, is one of three captions. In a `.jsonl`
    table a caption may be a list of them.

    Args:
        path: pathlib.Path of a `.tsv` or `.jsonl` table; files are relative to its folder.
        extensions: see `open_pairs`.
        columns: dict from a side to its column. By default that with the side's name; else `file`,
            or for a text `caption` or `text`.

    Returns:
        PairedSource; further columns, such as `label` and `split`, are those of a pair's first row.

    Raises:
        ValueError: the table cannot be read, or lacks a column.
    """
    rows = _rows(path)
    named = {
        side: _column(path, rows, side, reads, columns.get(side))
        for side, reads in extensions.items()
    }
    found, kept, left_out = {}, [], []
    for row in rows:
        values = {side: _values(path, row[named[side]], extensions[side]) for side in named}
        reason = _missing(path, values, extensions)
        if reason is not None:
            left_out.append((str(_name(row, named)), reason))
            continue
        first, second = values.values()
        for key in first:
            if key not in found:
                found[key] = []
                kept.append(row)
            found[key] += [value for value in second if value not in found[key]]
    if not found:
        raise ValueError(f"{path} has no row with both halves: {_reasons(left_out)}")
    lists = ([[key] for key in found], list(found.values()))
    halves = {
        side: _half(path, values, extensions[side])
        for side, values in zip(named, lists, strict=True)
    }
    return PairedSource.of(
        halves,
        [_name(row, named) for row in kept],
        _others(kept, named),
        root=next(iter(halves.values())).source.root,
        files=(path,),
        left_out=left_out,
    )


def _rows(path):
    """Returns the rows of a table, dicts from column to str or, in JSONL, list of str."""
    if path.suffix.lower() == ".tsv":
        columns = read_table(path)
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    check_regular(path)
    if not path.is_file():
        raise ValueError(f"the table {path} does not exist (working folder {os.getcwd()})")
    with open(path, "rb") as file:
        rows = [
            json_row(path, number, line)
            for number, line in enumerate(file, start=1)
            if line.strip()
        ]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [{name: row.get(name, "") for name in names} for row in rows]


def _column(path, rows, side, extensions, given):
    there = list(rows[0]) if rows else []
    for name in (given,) if given else (side, *_USUAL[reads_texts(extensions)]):
        if name in there:
            return name
    wanted = given or f"{side}, {' or '.join(_USUAL[reads_texts(extensions)])}"
    raise ValueError(
        f"{path} has the columns {', '.join(there) or '(none)'}: expected {wanted} for the side "
        f"{side}; data.columns names another"
    )


def _values(path, value, extensions):
    """Returns the halves that a cell names: str, or paths below the table's folder."""
    values = value if isinstance(value, list) else [value]
    values = [one.strip() for one in values if isinstance(one, str) and one.strip()]
    if reads_texts(extensions):
        return values
    return [path.parent / one for one in values]


def _missing(path, values, extensions):
    """Returns why a row is no pair, or None."""
    folder = os.path.realpath(path.parent)
    for side, halves in values.items():
        if reads_texts(extensions[side]):
            if not halves:
                return NO_TEXT.format(side=side)
            continue
        if not halves or not all(map(os.path.exists, halves)):
            return NO_FILE.format(side=side)
        for file in halves:
            if file.suffix.lower() not in extensions[side]:
                return f"with a {side} of another kind than {', '.join(extensions[side])}"
            reason = why_not(file, folder)
            if reason is not None or file.is_dir():
                return f"with a {side} that is {reason or 'a folder'}"
    return None


def _half(path, lists, extensions):
    if reads_texts(extensions):
        return Half.of_texts(lists, files=(path,))
    return half_of_files(lists, path.parent, extensions)


def _name(row, named):
    value = row[next(iter(named.values()))]
    return str(value[0] if isinstance(value, list) and value else value)


def _others(rows, named):
    """Returns the columns that are no half, of the kept rows."""
    names = [name for name in rows[0] if name not in named.values()]
    cells = {name: [row[name] for row in rows] for name in names}
    return {
        name: np.array([_cell(value) for value in values], object)
        for name, values in cells.items()
        if not any(isinstance(value, list | dict) for value in values)
    }


def _cell(value):
    return "" if value is None or value != value else str(value)


def _reasons(left_out):
    name, reason = left_out[0]
    return f"{len(left_out)} are left out, the first is {name} ({reason})"
