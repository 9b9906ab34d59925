"""What an update changes: the items that are embedded, and the rows that go."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Changes:
    """What an update did to an index.

    Attributes:
        added: number of items that are new in it.
        changed: number of items that were embedded again, as their files have changed.
        kept: number of items given that were in it and have not changed.
        removed: number of items that are no longer in it.
    """

    added: int = 0
    changed: int = 0
    kept: int = 0
    removed: int = 0


@dataclass(frozen=True)
class Addition:
    """How the items of a source differ from those of an index.

    Attributes:
        given: number of items of the source.
        new: list of int, the positions in the source of those that are to be embedded.
        replaced: dict of row in the index by `Item.key`, of those whose files have changed.
        gone: set of int, the rows of a table or archive that it no longer has.
    """

    given: int
    new: list[int]
    replaced: dict
    gone: set[int]

    @property
    def outdated(self):
        """Set of int, the rows of the index that are not copied into the new one."""
        return {*self.replaced.values(), *self.gone}

    def changes(self, embedded):
        """Returns the Changes.

        Args:
            embedded: list of Item, those of `new` that could be read.
        """
        again = sum(item.key in self.replaced for item in embedded)
        return Changes(
            added=len(embedded) - again,
            changed=again,
            kept=self.given - len(self.new),
            removed=len(self.outdated) - again,  # those that can no longer be read as well
        )


def compare(items, given):
    """Compares the items of a source with those of an index.

    Args:
        items: list of Item, of the index.
        given: list of Item, of the source.

    Returns:
        Addition.
    """
    rows = {item.key: row for row, item in enumerate(items)}
    old = [rows.get(item.key) for item in given]
    new = [
        i
        for i, (item, row) in enumerate(zip(given, old, strict=True))
        if row is None or items[row].stamp != item.stamp
    ]
    replaced = {given[i].key: old[i] for i in new if old[i] is not None}
    return Addition(len(given), new, replaced, _shrunk(items, given))


def _shrunk(items, given):
    """Returns the rows that a table or archive had, and no longer has."""
    places, keys = {item.place for item in given if item.row is not None}, {i.key for i in given}
    return {
        row
        for row, item in enumerate(items)
        if item.row is not None and item.place in places and item.key not in keys
    }
