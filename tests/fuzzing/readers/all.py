"""All readers that are fuzzed."""

from tests.fuzzing.readers import (
    arrays,
    indexes,
    pictures,
    runs,
    shards,
    sounds,
    tables,
    vocabularies,
)

_MODULES = (pictures, sounds, tables, arrays, shards, vocabularies, runs, indexes)
READERS = tuple(reader for module in _MODULES for reader in module.READERS)


def chosen(words):
    """Returns the readers that words stand for.

    Args:
        words: list of names of readers, or of parts of names; empty for all readers.
    """
    names = {reader.name for reader in READERS}
    parts = [word for word in words if word not in names]
    return [
        reader
        for reader in READERS
        if not words or reader.name in words or any(part in reader.name for part in parts)
    ]
