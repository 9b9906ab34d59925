"""What pairs may be joined from: a table, folders, shards, arrays or built-in data."""

import glob
import os
from pathlib import Path

import numpy as np

from mmssl.pipelines.pairs.paired import Half, PairedSource
from mmssl.pipelines.pairs.shards import open_shards, shards_in
from mmssl.pipelines.pairs.stems import open_folder, open_folders
from mmssl.pipelines.pairs.table import open_table
from mmssl.pipelines.sources.kinds import open_kind
from mmssl.pipelines.sources.tables import TABLES

BUILTIN_TEXTS = ("caption", "label", "sound")  # columns of built-in data that say what is there
FORMS = (
    "a table (.tsv, .jsonl) with a column `file` and one of captions, a folder of files with equal "
    "stems, a folder or glob of .tar shards, or a dict of what each side is read from"
)


def open_pairs(spec, extensions, columns=None):
    """Opens pairs; nothing is decoded yet.

    Args:
        spec: one of
            a `.tsv` or `.jsonl` table with a row a pair (see `table.open_table`);
            a folder, in which files of equal stems are a pair (see `stems.open_folder`);
            a folder, a glob or the path of WebDataset's `.tar` shards (see `shards.open_shards`);
            a dict from each side to a folder, whose files are joined by their stems, or to an array
            or a list, which are joined by their order; a text may be a list of several;
            "builtin:shapes", or others whose labels are texts, such as "builtin:speech";
            a PairedSource, which is returned as it is.
        extensions: dict from each of two sides to the lowercase extensions that it reads; texts
            are read by a side with ".txt".
        columns: dict from a side to the column of a table; None for those that are usual.

    Returns:
        PairedSource, without pairs of which a half is missing: these are in `left_out`.

    Raises:
        ValueError: there is nothing to read, or the halves do not belong together.
    """
    if isinstance(spec, PairedSource):
        return spec
    opened = _opened(spec, extensions, columns or {})
    if len(opened) == 0:
        raise ValueError(f"the source {_shown(spec)} has no pair with all halves")
    opened.request = {"source": spec}
    return opened


def _opened(spec, extensions, columns):
    if isinstance(spec, dict):
        return _open_dict(spec, extensions)
    if not isinstance(spec, str | os.PathLike):
        raise ValueError(f"the source of pairs is {FORMS}; got a {type(spec).__name__}")
    if os.fspath(spec).startswith("builtin:"):
        return _open_builtin(spec, extensions, columns)
    path = Path(spec).expanduser()
    if path.suffix.lower() in TABLES:
        return open_table(path, extensions, columns)
    if path.suffix.lower() == ".tar" or glob.has_magic(os.fspath(spec)):
        return open_shards(sorted(glob.glob(os.fspath(path))) or [path], extensions)
    if path.is_dir():
        tars = shards_in(path)
        return open_shards(tars, extensions) if tars else open_folder(path, extensions)
    raise ValueError(f"the source {spec} does not hold pairs, or does not exist: give {FORMS}")


def _open_builtin(spec, extensions, columns):
    """Joins built-in data to their captions, or to the names of their classes."""
    (first, readable), (second, texts) = extensions.items()
    source = open_kind(spec, readable)
    written = next((name for name in BUILTIN_TEXTS if name in source.columns), "caption")
    column = columns.get(second, written)
    if ".txt" not in texts or column not in source.columns:
        raise ValueError(f"{spec} has no column {column!r} for the side {second}")
    captions = [[str(text)] for text in source.columns[column]]
    halves = {first: Half.single(source), second: Half.of_texts(captions)}
    return PairedSource.of(halves, list(source.names), source.columns)


def _open_dict(spec, extensions):
    if list(spec) != list(extensions):
        raise ValueError(
            f"the source has the sides {', '.join(map(str, spec))}, the recipe has "
            f"{', '.join(extensions)}: name the same, in the same order"
        )
    if all(isinstance(value, str | os.PathLike) for value in spec.values()):
        return open_folders({side: Path(value) for side, value in spec.items()}, extensions)
    halves = {side: _half(value, extensions[side]) for side, value in spec.items()}
    counts = {side: len(half.ends) for side, half in halves.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count} of {side}" for side, count in counts.items())
        raise ValueError(f"arrays and lists are joined by their order, and there are {told}")
    count = min(counts.values())
    return PairedSource.of(halves, [f"pair {number}" for number in range(count)])


def _half(value, extensions):
    if ".txt" not in extensions:
        return Half.single(open_kind(value, extensions))
    if not isinstance(value, list | tuple | np.ndarray):
        raise ValueError("the texts of a source of arrays and lists are a list of str")
    return Half.of_texts([[item] if isinstance(item, str) else list(item) for item in value])


def _shown(spec):
    return "of arrays and lists" if isinstance(spec, dict) else spec
