"""Arrays that are made once from data and kept between runs, in a cache folder."""

import contextlib
import functools
import hashlib
import importlib.metadata
import json
import logging
import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np

from mmssl.files import atomic_write, check_local
from mmssl.pipelines.sources.places import checksum_of

logger = logging.getLogger(__name__)

LIMIT = 10 * 2**30  # bytes of the cache folder, beyond which the entry unused longest goes first
_CHECKSUMS = "checksums.json"
_CODE = Path(__file__).parents[1]
_DECODERS = ("tensorflow", "soundfile", "numpy", "pillow", "av")
_TOKENIZERS = ("keras-hub", "tensorflow-text", "tokenizers", "sentencepiece")
_BUILTIN = ("numpy", "scikit-learn")  # of which the built-in data come, and the docs of Python
_ENTRY = re.compile(r"[0-9a-f]{32}")


def cache_folder():
    """Returns the folder: $MMSSL_CACHE, else `mmssl` in $XDG_CACHE_HOME or ~/.cache."""
    if own := os.environ.get("MMSSL_CACHE"):
        check_local(own)
        return Path(own)
    parent = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.path.isabs(parent):
        raise ValueError(f"{parent} is no place for the cache: set MMSSL_CACHE to a folder")
    return Path(parent) / "mmssl"


def prepared(key, make):
    """Returns arrays from the cache folder, or makes them and keeps them there.

    An entry that was damaged is made anew, and one that cannot be written is not kept. Entries
    are written atomically: several processes may make the same one.

    Args:
        key: JSON values, everything that the arrays depend on, or None to keep nothing; the code
            of the pipelines and the versions of what they use are added to it.
        make: function without arguments that returns a dict of name -> array of numbers, bools
            or str.

    Returns:
        Dict of the same arrays; those from the folder are mapped into memory.
    """
    if key is None:
        return make()
    entry = _entry(key)
    found = _read(entry)
    if found is not None:
        return found
    arrays = make()
    try:
        _write(entry, arrays)
    except OSError as error:
        if not os.path.exists(entry):  # it does where another process was faster
            logger.warning("prepared data are not kept in %s: %s", entry.parent, error)
    return _read(entry) or arrays


def forget(key):
    """Removes what `prepared` keeps under a key, so that the next process makes it anew."""
    shutil.rmtree(_entry(key), ignore_errors=True)


def _entry(key):
    text = json.dumps([key, _versions()], sort_keys=True)
    return cache_folder() / hashlib.sha256(text.encode()).hexdigest()[:32]


@functools.cache
def _versions():
    code = hashlib.sha256()
    for file in sorted(_CODE.rglob("*.py")):
        code.update(file.read_bytes())
    packages = ("mmssl", *_DECODERS, *_TOKENIZERS, *_BUILTIN)
    return [code.hexdigest(), sys.version, *map(_version, packages)]


def _version(package):
    try:
        return importlib.metadata.version(package)
    except (
        importlib.metadata.PackageNotFoundError
    ):  # keras-hub does without tensorflow-text, few need av
        return None


def _read(entry):
    """Returns the arrays of an entry, or None where it is missing or damaged."""
    try:
        checksums = json.loads((entry / _CHECKSUMS).read_bytes())
        files = {name: entry / f"{name}.npy" for name in checksums}
        whole = all(checksum_of(file)[1] == checksums[name] for name, file in files.items())
        arrays = {name: _load(file) for name, file in files.items()} if whole else {}
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, AttributeError, TypeError):
        whole = False
    if not whole:
        logger.warning("the cached %s is damaged: made anew", entry)
        return None
    with contextlib.suppress(OSError):  # a cache that others keep may be read-only
        os.utime(entry)
    return arrays


def _load(path):
    # Private pages: whoever writes to the array changes neither the file nor other processes.
    return np.load(path, mmap_mode="c" if path.stat().st_size > 2**16 else None)


def _write(entry, arrays):
    size = sum(array.nbytes for array in arrays.values())
    entry.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(entry.parent).free
    if size > min(LIMIT, free // 2):
        raise OSError(f"{size} bytes are too many, with {free} free and a limit of {LIMIT}")
    with atomic_write(entry) as beside:
        beside.mkdir()
        for name, array in arrays.items():
            np.save(beside / f"{name}.npy", array, allow_pickle=False)
        # Of the files, which a mapped array would have to be in memory for.
        checksums = {name: checksum_of(beside / f"{name}.npy")[1] for name in arrays}
        with open(beside / _CHECKSUMS, "w", encoding="utf-8") as file:
            json.dump(checksums, file)
    _make_room(entry.parent)


def _make_room(folder):
    """Removes the entries unused longest."""
    used = 0
    # Nothing but entries: the folder may be one that the user keeps other things in.
    entries = [entry for entry in folder.iterdir() if _ENTRY.fullmatch(entry.name)]
    for entry in sorted(entries, key=_last_use, reverse=True):
        used += sum(_size(file) for file in entry.glob("*"))
        if used > LIMIT:
            shutil.rmtree(entry, ignore_errors=True)


def _last_use(entry):
    # Another process may have removed it.
    return entry.stat().st_mtime if entry.exists() else 0.0


def _size(file):
    return file.stat().st_size if file.exists() else 0
