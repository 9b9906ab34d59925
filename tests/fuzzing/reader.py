"""What is fuzzed: a reader of files that users bring, and small valid files for it."""

from collections.abc import Callable
from dataclasses import dataclass

QUICK = 200  # inputs of a reader in the tests of every day


@dataclass(frozen=True)
class Reader:
    """A reader of files.

    Attributes:
        name: what it reads, in words.
        prepare: function of an empty folder, pathlib.Path, that returns a pair of the valid files,
            dict of name -> bytes, and of a function (name, bytes) that reads what has taken the
            place of the file of that name.
        refusals: types of the errors by which the reader says in a sentence that it does not read
            an input; any other is a fault.
        quick: number of inputs in the tests of every day.
        megabytes: of memory that an input may take.
        seconds: that an input may take.
    """

    name: str
    prepare: Callable
    refusals: tuple[type[Exception], ...] = (ValueError,)
    quick: int = QUICK
    megabytes: int = 512
    seconds: float = 20.0


def chosen(readers, words):
    """Returns the readers that words stand for.

    Args:
        readers: tuple of Reader.
        words: list of names of readers, or of parts of names; empty for all readers.
    """
    names = {reader.name for reader in readers}
    parts = [word for word in words if word not in names]
    return [
        reader
        for reader in readers
        if not words or reader.name in words or any(part in reader.name for part in parts)
    ]
