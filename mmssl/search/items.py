"""The items of an index: where each lies, and whether it has changed since it was embedded."""

import hashlib
import json
import os
from dataclasses import dataclass

from mmssl.pipelines.sources.fingerprint import fingerprint
from mmssl.pipelines.sources.tables import listed


@dataclass(frozen=True)
class Item:
    """One item of an index.

    Attributes:
        name: path relative to the folder that was indexed, or the name of a row, such as "line 12".
        place: absolute path of that folder; of the table, archive or folder of shards that holds
            the row; or `builtin:NAME`.
        row: position in `place`; None where the item is a file of its own.
        stamp: what changes with the content: size and time of the file, or of what holds the row.
    """

    name: str
    place: str
    row: int | None
    stamp: str

    @property
    def file(self):
        """Absolute path of the item's file; None where it is a row of something else."""
        return os.path.join(self.place, self.name) if self.row is None else None

    @property
    def key(self):
        """What tells the item from all others, whatever folder it was added with."""
        return (self.place, self.row) if self.file is None else (self.file, None)

    def open(self, data):
        """Opens the item.

        Args:
            data: Pipeline of the run.

        Returns:
            Source of one item.

        Raises:
            ValueError: it is no longer there.
        """
        if self.file is not None:
            return data.open_items(self.file)
        whole = data.open_items(self.place)
        if self.row >= len(whole):
            raise ValueError(f"{self.place} no longer has {self.name}")
        return whole.select([self.row])


def list_items(source):
    """Lists the items of a source, without reading them.

    Args:
        source: Source, as it was opened.

    Returns:
        list of Item, in the order of the source.

    Raises:
        ValueError: the data are in memory, where they cannot be found again.
    """
    if source.root is not None:
        root, stamps = os.path.abspath(source.root), fingerprint(source)
        return [Item(name, root, None, stamps[name]) for name in source.names]
    spec = source.request["source"]
    if not isinstance(spec, str | os.PathLike):
        raise ValueError(
            "source must be a folder, glob, file, table, archive or builtin:NAME, or a list of "
            f"paths of files, for its items are looked up again; got a {type(spec).__name__}."
        )
    spec = os.fspath(spec)
    place = spec if spec.startswith("builtin:") else os.path.abspath(os.path.expanduser(spec))
    stamp = hashlib.sha256(json.dumps(fingerprint(source)).encode()).hexdigest()[:16]
    return [Item(name, place, row, stamp) for row, name in enumerate(source.names)]


def is_gone(item):
    """Says whether the file of an item, or what holds its row, is no longer there."""
    return not item.place.startswith("builtin:") and not os.path.exists(item.file or item.place)


def find_item(items, name, index):
    """Finds the item that a user names.

    Args:
        items: list of Item.
        name: str, the name of an item, or the path of its file.
        index: path of the index, for messages.

    Returns:
        int, its position in `items`.

    Raises:
        ValueError: there is no such item, or several have the name.
    """
    path = os.path.abspath(name)
    found = [i for i, item in enumerate(items) if name == item.name or path == item.file]
    if not found:
        some = listed([item.name for item in items], 3)
        raise ValueError(f"{index} has no item {name!r}; its items are {some}.")
    if len(found) > 1:
        places = listed([items[i].file or items[i].place for i in found], 3)
        raise ValueError(f"{len(found)} items of {index} are named {name!r}: {places}.")
    return found[0]
