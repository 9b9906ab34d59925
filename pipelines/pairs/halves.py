"""Halves of pairs that are files, and what keeps a pair from being one."""

import hashlib
from pathlib import Path

from mmssl.pipelines.pairs.paired import Half
from mmssl.pipelines.sources.kinds import files_source

WITHOUT = "without its {side}"
NO_FILE = "with a {side} that does not exist"
NO_TEXT = "with a {side} that is blank"
_PART = 2**20  # bytes that are hashed together


def reads_texts(extensions):
    """Says whether a side with these extensions reads texts."""
    return ".txt" in extensions


def half_of_files(lists, root, extensions):
    """Builds a half of files, of which equal ones are one item: texts by what they hold.

    Args:
        lists: list (N,) of lists of pathlib.Path, those of each pair, at least one each.
        root: folder that names are relative to.
        extensions: see `open_pairs`.

    Returns:
        Half.
    """
    same = _content if reads_texts(extensions) else str
    numbers, files = {}, []
    for path in (path for paths in lists for path in paths):
        if numbers.setdefault(same(path), len(files)) == len(files):
            files.append(path)
    lists = [list(dict.fromkeys(numbers[same(path)] for path in paths)) for paths in lists]
    return Half.grouped(files_source(files, Path(root)), lists)


def _content(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(_PART):
            digest.update(part)
    return digest.digest()
