"""What is searched for: files, and for text runs the text itself."""

import os
from dataclasses import dataclass

from mmssl.pipelines.readable import scan_for
from mmssl.pipelines.sources import Source
from mmssl.pipelines.sources.fingerprint import fingerprint


@dataclass(frozen=True)
class Query:
    """One query.

    Attributes:
        name: str, its path, or the text.
        title: str, the name of its file, or the text.
        source: Source of one item.
    """

    name: str
    title: str
    source: Source


def open_queries(data, queries, index):
    """Opens the files and texts that are searched for.

    Args:
        data: Pipeline of the run.
        queries: list of paths of files, and for text runs of texts; what exists is a path.
        index: path of the index, for messages.

    Returns:
        list of Query; a table or folder has one for each of its items.

    Raises:
        ValueError: there is none, one is of another modality, or one cannot be read.
    """
    if isinstance(queries, str | os.PathLike) or not queries:
        raise ValueError(f"queries must be a list of paths or texts; got {queries!r}.")
    return [query for given in queries for query in _open(data, os.fspath(given), index)]


def _open(data, given, index):
    reads = ", ".join(data.extensions)
    if os.path.isfile(given) and os.path.getsize(given) == 0:
        raise ValueError(f"the query {given} is an empty file.")
    if os.path.exists(given):
        return _files(data, given, index)
    if ".txt" not in data.extensions:
        raise ValueError(
            f"the query {given!r} is no file, and {index} is searched by files: {reads}."
        )
    source = data.open_items([given])
    _check(data, source, repr(given))
    return [Query(given, given, source)]


def _files(data, given, index):
    try:
        source = data.open_items(given)
    except ValueError as error:
        raise ValueError(f"the query {given} does not fit {index}: {error}") from None
    if len(source) == 1:
        _check(data, source, given)
        return [Query(given, os.path.basename(given), source)]
    source = data.open(source)
    return [
        Query(f"{given}: {name}", name, source.select([i])) for i, name in enumerate(source.names)
    ]


def _check(data, source, given):
    skipped = scan_for(data, source, fingerprint(source)).skipped
    if skipped:
        raise ValueError(f"the query {given} cannot be read: {skipped[0][1]}.")
