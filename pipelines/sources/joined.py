"""Several sources of files, concatenated into one."""

import glob
import os
from pathlib import Path

import numpy as np

from mmssl.pipelines.sources import places
from mmssl.pipelines.sources.tables import listed


def names_paths(items, of_texts):
    """Returns whether a list holds paths, rather than texts or arrays.

    Args:
        items: list or tuple.
        of_texts: whether the recipe reads texts, so that a str may be one.

    Returns:
        bool: True if every entry is an existing path or a glob that matches something, and for
        any list of str where the recipe does not read texts.

    Raises:
        ValueError: when the recipe reads texts and only some of the entries are existing paths.
    """
    if not items or not isinstance(items[0], str | os.PathLike):
        return False
    if not of_texts or any(isinstance(item, os.PathLike) for item in items):
        return True
    if all(places.is_remote(item) and len(item.split()) == 1 for item in items):
        return True  # which `join` refuses by what they are
    there = [_exists(item) for item in items]
    if any(there) and not all(there):
        missing = [item[:60] for item, found in zip(items, there, strict=True) if not found]
        raise ValueError(
            f"{sum(there)} of the {len(items)} entries of the source are existing paths, and "
            f"these are not: {listed(missing, 3)}; correct them, or put texts that look like "
            "paths into a table with a column `text`"
        )
    return all(there)


def _exists(spec):
    return os.path.exists(os.path.expanduser(spec)) or bool(
        glob.has_magic(spec) and glob.glob(spec)
    )


def join(parts):
    """Concatenates the files of several sources.

    A file that is in more than one of them is kept once, with the columns of the first. Columns
    that all of them have are kept, and so is `split` if any has it: the files of a source without
    it are in the split train.

    Args:
        parts: list of Source whose items are files.

    Returns:
        (files, root, columns): list of absolute pathlib.Path; their common parent folder; dict
        from the name of a column to an array of str, one entry per file.

    Raises:
        ValueError: when the items of a source are not files.
    """
    if any(part.root is None for part in parts):
        raise ValueError(
            "only files can be combined, not texts, archives, shards or built-in data: "
            "give folders, globs, files and tables with a column `file`"
        )
    files = [Path(os.path.abspath(part.root / name)) for part in parts for name in part.names]
    first = np.sort(np.unique([os.path.realpath(f) for f in files], return_index=True)[1])
    columns = {name: column[first] for name, column in _columns(parts).items()}
    files = [files[i] for i in first]
    return files, Path(os.path.commonpath([file.parent for file in files])), columns


def _columns(parts):
    names = set.intersection(*(set(part.columns) for part in parts))
    if any("split" in part.columns for part in parts):
        names.add("split")
    missing = "train"  # only `split` can be missing
    return {
        name: np.concatenate(
            [part.columns.get(name, np.full(len(part.names), missing)) for part in parts]
        )
        for name in sorted(names)
    }
