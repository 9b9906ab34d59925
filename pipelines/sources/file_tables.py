"""The files that a table lists."""

import os
import unicodedata
from pathlib import Path

from mmssl.pipelines.sources.finding import OUT, why_not
from mmssl.pipelines.sources.tables import listed


def listed_files(path, names, extensions):
    """Returns the files that a table lists.

    Args:
        path: pathlib.Path of the table, for its folder and for messages.
        names: array (rows,) of file names, relative to the table's folder.
        extensions: tuple of lowercase file extensions that are allowed.

    Returns:
        List of pathlib.Path, one per row, all below the table's folder.

    Raises:
        ValueError: when a file is missing, of another kind, outside the folder, no regular file,
            or listed twice.
    """
    files = [_spelled(path.parent / name) for name in names]
    wrong = [f.name for f in files if f.suffix.lower() not in extensions]
    missing = [str(f) for f in files if not f.exists()]
    if wrong:
        raise ValueError(
            f"{path} lists files without an extension {', '.join(extensions)}: {listed(wrong)}"
        )
    if missing:
        raise ValueError(f"{path} lists {len(missing)} missing files: {listed(missing)}")
    _check(path, files)
    return files


def _spelled(path):
    """The path as the file system spells it: letters with accents have two encodings there."""
    forms = (path, *(Path(unicodedata.normalize(form, str(path))) for form in ("NFC", "NFD")))
    return next((form for form in forms if os.path.lexists(form)), path)


def _check(path, files):
    folder, known = os.path.realpath(path.parent), {}
    for file in files:
        real = os.path.realpath(file)
        reason = why_not(file, folder)
        if reason == OUT:
            raise ValueError(
                f"{path} lists {file}, which lies outside the table's folder: move the table to a "
                "folder that holds all its files"
            )
        if reason is not None or file.is_dir():
            raise ValueError(f"{path} lists {file}: {reason or 'a folder'}; list regular files")
        if real in known:
            raise ValueError(f"{path} lists {file} twice, also as {known[real]}: one row per file")
        known[real] = file
