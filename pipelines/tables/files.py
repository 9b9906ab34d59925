"""What a table may be: files, arrays, or built-in data, opened without reading all rows."""

import glob
import os
from pathlib import Path

import numpy as np

from mmssl.pipelines.sources import finding
from mmssl.pipelines.sources.extensions import TABLE_EXTENSIONS
from mmssl.pipelines.sources.tables import listed
from mmssl.pipelines.tables.builtin import make
from mmssl.pipelines.tables.columnar import Arrays, Parquet
from mmssl.pipelines.tables.delimited import Delimited
from mmssl.reading import check_regular

BUILTIN = "builtin:customers"


class Table:
    """Rows of one or more files, or of arrays.

    Args:
        name: str, what messages call it.
        parts: list of what has `columns` and `chunks`, such as Delimited, one after the other.
        paths: tuple of pathlib.Path of their files; empty for arrays.

    Attributes:
        columns: list of str, of the first part.

    Raises:
        ValueError: a part lacks a column of the first, or has another one.
    """

    def __init__(self, name, parts, paths=()):
        self.name, self.paths, self._parts = name, tuple(paths), parts
        self.columns = parts[0].columns
        for part, path in zip(parts, self.paths, strict=False):
            apart = sorted(set(part.columns) ^ set(self.columns))
            if apart:
                raise ValueError(
                    f"{path} and {self.paths[0]} differ in the columns {listed(apart, 5)}: give "
                    "files of the same columns"
                )

    def chunks(self):
        """Reads the rows.

        Yields:
            (names, columns, bad), see `Delimited.chunks`, in the order of `columns`; with several
            files, names begin with that of the file.
        """
        for i, part in enumerate(self._parts):
            order = [part.columns.index(name) for name in self.columns]
            of = f"{self.paths[i].name} " if len(self._parts) > 1 else ""
            for names, columns, bad in part.chunks():
                names, bad = [of + name for name in names], [(of + n, why) for n, why in bad]
                yield names, [columns[place] for place in order], bad


def open_table(spec):
    """Opens a table; of files, the first line or the header is read.

    Args:
        spec: path of a `.csv`, `.tsv`, `.parquet`, `.npy` or `.npz`; a folder or glob of such
            files, or a list of them, with the same columns; an array (rows, columns), a structured
            array, or a dict from the name of a column to an array; "builtin:customers".

    Returns:
        Table.

    Raises:
        ValueError: there is no such file, or it is damaged; the message says why.
        ImportError: it is a Parquet file, and pyarrow is not installed.
    """
    if isinstance(spec, np.ndarray | dict):
        return Table("the table in memory", [Arrays.of(spec)])
    if spec == BUILTIN:
        return Table(BUILTIN, [Arrays(make(), BUILTIN)])
    given = spec if isinstance(spec, list | tuple) else [spec]
    if not given or not all(isinstance(one, str | os.PathLike) for one in given):
        raise ValueError(
            f"the source {spec!r:.60} is neither a path, a glob, a list of paths, an array nor a "
            f"dict of columns: give one of these, or {BUILTIN}"
        )
    paths = [path for one in given for path in _files(os.fspath(one))]
    name = str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
    return Table(name, [_part(path) for path in paths], paths)


def is_there(spec):
    """Says whether there may be a table to open: no path that leads to nothing."""
    if isinstance(spec, list | tuple):
        return all(map(is_there, spec))
    if not isinstance(spec, str | os.PathLike) or spec == BUILTIN:
        return True
    path = os.path.expanduser(spec)
    return os.path.exists(path) or bool(glob.glob(path))


def _files(spec):
    path = Path(spec).expanduser()
    if path.is_dir():
        found, _ = finding.find(path, TABLE_EXTENSIONS)
        return _of_tables(found, f"under {path}")
    if path.exists() or not glob.has_magic(spec):
        check_regular(path)
        if not path.exists():
            raise ValueError(
                f"the source {spec} does not exist (working folder {os.getcwd()}): give a file, "
                f"folder, glob, or {BUILTIN}"
            )
        return _of_tables([path], "given")
    fixed = next(parent for parent in path.parents if not glob.has_magic(str(parent)))
    found, _ = finding.find(fixed, TABLE_EXTENSIONS, path.relative_to(fixed).parts)
    return _of_tables(found, f"that {spec} matches")


def _of_tables(found, where):
    files = [path for path in found if path.suffix.lower() in TABLE_EXTENSIONS]
    if not files:
        raise ValueError(
            f"no table {where}: expected {', '.join(TABLE_EXTENSIONS)}; found "
            f"{finding.kinds(found)}"
        )
    return files


def _part(path):
    suffix = path.suffix.lower()
    if suffix in (".npy", ".npz"):
        return Arrays.read(path)
    return Parquet(path) if suffix == ".parquet" else Delimited(path)
