"""Several sources of files taken as one."""

import glob
import os
from pathlib import Path

import numpy as np

from mmssl.pipelines.sources.tables import listed


def names_paths(items, of_texts):
    """Tells a list of paths from a list of texts or arrays.

    Args:
        items: list or tuple.
        of_texts: whether the recipe reads texts, so that a str may be one.

    Returns:
        bool: True where every entry is an existing path or a glob that matches something, and
        wherever no str can be a text.

    Raises:
        ValueError: some entries exist as paths and others do not, where texts are read.
    """
    if not items or not isinstance(items[0], str | os.PathLike):
        return False
    if not of_texts or any(isinstance(item, os.PathLike) for item in items):
        return True
    there = [_exists(item) for item in items]
    if any(there) and not all(there):
        missing = [item[:60] for item, found in zip(items, there, strict=True) if not found]
        raise ValueError(
            f"{sum(there)} of the {len(items)} entries of the source are paths, and there is no "
            f"{listed(missing, 3)}: correct these; texts that read like paths go into a table "
            "with a column `text`"
        )
    return all(there)


def _exists(spec):
    return os.path.exists(os.path.expanduser(spec)) or bool(
        glob.has_magic(spec) and glob.glob(spec)
    )


def join(parts):
    """Lays the files of several sources end to end.

    A file that stands in more than one of them is taken once, as the first of them has it.
    Columns that all of them have are kept, and `split` where any has it: what comes from a source
    without it is in the split train.

    Args:
        parts: list of Source whose items are files.

    Returns:
        (files, root, columns): list of absolute pathlib.Path; the folder that holds all of them;
        dict from the name of a column to an array of str, an entry a file.

    Raises:
        ValueError: the items of a source are no files.
    """
    if any(part.root is None for part in parts):
        raise ValueError(
            "only files can be taken together, not texts, archives, shards or built-in data: "
            "give folders, globs, files and tables with a column `file`"
        )
    files = [Path(os.path.abspath(part.root / name)) for part in parts for name in part.names]
    first = np.sort(np.unique([str(file) for file in files], return_index=True)[1])
    columns = {name: column[first] for name, column in _columns(parts).items()}
    files = [files[i] for i in first]
    return files, Path(os.path.commonpath([file.parent for file in files])), columns


def _columns(parts):
    names = set.intersection(*(set(part.columns) for part in parts))
    if any("split" in part.columns for part in parts):
        names.add("split")
    missing = "train"  # none but `split` can be missing
    return {
        name: np.concatenate(
            [part.columns.get(name, np.full(len(part.names), missing)) for part in parts]
        )
        for name in sorted(names)
    }
