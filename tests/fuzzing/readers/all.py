"""All readers that are fuzzed."""

from tests.fuzzing.readers import (
    arrays,
    indexes,
    pictures,
    runs,
    shards,
    sounds,
    tables,
    videos,
    vocabularies,
)

_MODULES = (pictures, sounds, videos, tables, arrays, shards, vocabularies, runs, indexes)
READERS = tuple(reader for module in _MODULES for reader in module.READERS)
