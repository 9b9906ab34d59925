"""The functions of many files, in arrays that are kept between runs."""

import os
from pathlib import Path

import numpy as np

from mmssl.pipelines.code.identifier_words import split_words
from mmssl.pipelines.code.languages import PYTHON
from mmssl.pipelines.code.near_duplicates import NearDuplicates
from mmssl.pipelines.code.parsed_functions import parsed_functions
from mmssl.pipelines.code.python_functions import python_functions
from mmssl.pipelines.sources.grown import Grown
from mmssl.pipelines.sources.strings import Strings

LARGEST = 2**20  # bytes of a file: larger ones are generated, or packed
LEAST_LINES = 3  # of code
LEAST_WORDS = 3  # of documentation
LARGE = "a file of more than 1 MiB, which no one has written"
NOT_UTF8 = "a file that is not UTF-8 text"
GONE = "a file that cannot be opened"
# Why a function is no example of what is written about code; the first one is that it is.
KINDS = (
    "taken",
    "without documentation of three words",
    "of fewer than three lines",
    "tests",
    "special methods",
    "near duplicates",
)


class Texts:
    """Texts that come one by one, each of which can be read at once."""

    def __init__(self):
        self._data, self._ends, self._size = Grown(np.uint8), Grown(np.int64), 0

    def append(self, text):
        """Adds a text at the end."""
        raw = text.encode("utf-8", "surrogatepass")
        self._size += len(raw)
        self._data.append(np.frombuffer(raw, np.uint8))
        self._ends.append([self._size])

    def arrays(self, name):
        """Returns the arrays of `Strings` of all texts, named after one."""
        return {f"{name}_data": self._data.array(), f"{name}_ends": self._ends.array()}


def extract(root, names):
    """Takes the functions of files; nothing of them is run.

    Args:
        root: pathlib.Path of the folder.
        names: list of str, the files relative to it.

    Returns:
        Dict of arrays: `name`, `code`, `documentation` and `left_out`, each as the two of a
        `Strings`; int32 `file`, the number of each function's file, and int8 `kind`, one of
        `KINDS`.
    """
    texts = {part: Texts() for part in ("name", "code", "documentation", "left_out")}
    files, kinds, codes = Grown(np.int32), Grown(np.int8), []
    duplicates = NearDuplicates(lambda number: split_words(codes[number]))
    for number, name in enumerate(names):
        try:
            found = functions_of(root / name)
        except ValueError as error:
            texts["left_out"].append(f"{name}\t{error}")
            continue
        for function in found:
            kind = _kind(function)
            if not kind and duplicates.add(len(codes), split_words(function.code)):
                kind = len(KINDS) - 1
            codes.append("" if kind else function.code)
            texts["name"].append(f"{name}:{function.line} {function.name}")
            texts["code"].append(function.code)
            texts["documentation"].append(function.documentation)
            files.append([number])
            kinds.append([kind])
    arrays = {"file": files.array(), "kind": kinds.array()}
    return arrays | {k: v for part, held in texts.items() for k, v in held.arrays(part).items()}


def strings(arrays, part):
    """Returns one of the texts of `extract`, `Strings`."""
    return Strings(arrays[f"{part}_data"], arrays[f"{part}_ends"])


def functions_of(path):
    """Reads the functions of a file.

    Args:
        path: pathlib.Path.

    Returns:
        list of Function.

    Raises:
        ValueError: it cannot be read; the message is the reason.
    """
    try:
        if os.path.getsize(path) > LARGEST:
            raise ValueError(LARGE)
        text = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(NOT_UTF8) from error
    except OSError as error:
        raise ValueError(GONE) from error
    extension = path.suffix.lower()
    return python_functions(text) if extension in PYTHON else parsed_functions(text, extension)


def _kind(function):
    own = function.name.rpartition(".")[2]
    if len(split_words(function.documentation)) < LEAST_WORDS:
        return 1
    if function.code.count("\n") + 1 < LEAST_LINES:
        return 2
    if {"test", "tests"} & set(split_words(function.name)):
        return 3
    return 4 if own.startswith("__") and own.endswith("__") else 0
