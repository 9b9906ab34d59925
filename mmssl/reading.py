"""Reading of small files that strangers may have written: nothing runs, and nothing is endless."""

import json
import math
import os
import re
import zipfile
from pathlib import Path

import numpy as np
import yaml

SPECIAL = "not a regular file, but a FIFO, a socket or a device"
_CONTAINER = Path("/sys/fs/cgroup/memory.max")
_MOST_ALIASED = 100_000  # values that the aliases of a YAML document may stand for
_LONGEST_WORDS = 200  # characters of a message
_DEEPEST = 50  # values in each other in YAML
_TOO_DEEP = "it is nested too deeply, or holds itself"


def machine_memory():
    """Returns the bytes that this process may use, by the limit of its container; 0 if unknown."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0
    limit = _CONTAINER.read_text().strip() if _CONTAINER.is_file() else "max"
    return min(total, int(limit)) if limit.isdigit() else total


def check_fits(path, size):
    """Refuses what would take more memory than there is, before any of it is taken.

    Args:
        path: what messages call it.
        size: bytes that it takes, as its header states.

    Raises:
        ValueError: it would.
    """
    if 0 < machine_memory() < size:
        raise ValueError(f"{path} states {size} bytes, more than the memory of this machine")


def check_regular(path):
    """Refuses what is no file, but would be read like one: without end, or waiting for a writer.

    Args:
        path: of a file or folder; there need not be one.

    Raises:
        ValueError: it is a FIFO, a socket or a device.
    """
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        raise ValueError(f"{path} is {SPECIAL}")


def load_json(text):
    """Parses JSON.

    Args:
        text: str or bytes.

    Returns:
        The value.

    Raises:
        ValueError: it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def load_yaml(text):
    """Parses YAML of plain values; a tag that names a class is refused.

    Args:
        text: str.

    Returns:
        The value.

    Raises:
        ValueError: it is no such YAML, nested too deeply, or stands for far more than is written.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _check_aliases(node)
        return loader.construct_document(node)
    except Exception as error:  # what the value of a tag may raise is without number
        raise ValueError(words_of(error)) from None


class _Loader(yaml.SafeLoader):
    """A loader that goes no deeper than whoever follows the values can."""

    _depth = 0

    def compose_node(self, parent, index):
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(_TOO_DEEP)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _check_aliases(root):
    """Refuses a document in which aliases of aliases multiply: a page may stand for gigabytes."""
    known = {}

    def measured(node):
        """Returns how many values a node stands for, and how deep they are nested."""
        if id(node) not in known:
            known[id(node)] = (1, math.inf)  # as long as it is not known: it may hold itself
            found = [measured(part) for part in _parts(node)]
            deepest = max((depth for _, depth in found), default=0)
            known[id(node)] = (1 + sum(size for size, _ in found), 1 + deepest)
        return known[id(node)]

    size, depth = measured(root)
    if depth > _DEEPEST:
        raise ValueError(_TOO_DEEP)
    if size > len(known) + _MOST_ALIASED:
        raise ValueError("its aliases stand for too many values")


def _parts(node):
    values = node.value if isinstance(node.value, list) else ()
    return [part for value in values for part in (value if isinstance(value, tuple) else (value,))]


def load_arrays(file, names=None):
    """Reads a NumPy archive; pickled arrays are not loaded.

    Args:
        file: path, or a file opened to read bytes.
        names: function from the names of all arrays, a list of str, to those to read; None reads
            all of them.

    Returns:
        dict of name -> array.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no NumPy archive, damaged, or larger than the memory of this machine.
    """
    if isinstance(file, str | os.PathLike):
        check_regular(file)
    try:
        with zipfile.ZipFile(file) as archive:
            check_fits("it", sum(info.file_size for info in archive.infolist()))
        with np.load(file, allow_pickle=False) as archive:
            chosen = archive.files if names is None else names(archive.files)
            return {name: np.asarray(archive[name]) for name in chosen}
    except MemoryError:
        raise ValueError("it states more than the memory of this machine") from None
    except OSError:
        raise
    except Exception as error:  # what a damaged archive raises is without number
        raise ValueError(words_of(error)) from None


def words_of(error):
    """Returns the message of a library as one short line, without the objects of Python in it."""
    text = " ".join(re.sub(r"<[^<>]* at 0x[0-9a-f]+>", "...", str(error)).split())
    if len(text) > _LONGEST_WORDS:  # which may quote all of a damaged file
        text = f"{text[:_LONGEST_WORDS]} ..."
    return text or type(error).__name__
