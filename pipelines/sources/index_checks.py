"""Checks of the index of prepared shards, which may come from anywhere, before it is followed."""

import os

import numpy as np

from mmssl.pipelines.sources import places
from mmssl.pipelines.sources.finding import BROKEN, why_not
from mmssl.pipelines.sources.records import FOOTER, HEADER

_TOGETHER = 2**18  # rows that are looked at at a time
_RECORD = 4  # numbers of a record, see `ShardIndex`


def check_manifest(manifest):
    """Checks what a manifest says, and that it names no file elsewhere.

    Args:
        manifest: dict of JSON values.

    Raises:
        ValueError: a value is missing or of another kind; the message is the reason.
    """
    try:
        for shard in manifest["shards"]:
            _check_name(shard["file"])
            _check_counts(shard["items"], shard["size"])
            _check_texts([shard["checksum"]])
        for name in manifest["checksums"]:
            _check_name(name)
        _check_texts(manifest["checksums"].values())
        _check_texts(manifest["columns"])
        _check_texts(text for pair in manifest["left_out"] for text in pair)
        if not all(len(pair) == 2 for pair in manifest["left_out"]):
            raise ValueError("left_out does not consist of pairs")
        _check_content(manifest["content"])
        rate = manifest["sample_rate"]
        _check_counts(manifest["items"], 1 if rate is None else rate)
        if not isinstance(manifest["paths"], bool):
            raise ValueError("paths is neither true nor false")
        if not isinstance(manifest.get("tokens") or {}, dict):
            raise ValueError("it does not say which tokens there are")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it lacks or mistakes {error}") from None


def check_places(folder, paths):
    """Checks that shards lie in their folder, and are files.

    Args:
        folder: of the shards.
        paths: list of str; what is missing is told elsewhere.

    Raises:
        ValueError: one does not, or is not.
    """
    real = os.path.realpath(folder)
    for path in () if places.is_remote(folder) else paths:
        reason = why_not(path, real)
        if reason not in (None, BROKEN) or os.path.isdir(path):
            raise ValueError(f"the shard {path} is {reason or 'a folder'}: it is not read")


def check_arrays(manifest, arrays):
    """Checks that the arrays of an index fit its manifest, and point to nothing outside.

    Args:
        manifest: dict that `check_manifest` has passed.
        arrays: dict of name -> array.

    Raises:
        ValueError: they do not; the message is the reason.
    """
    counts = [shard["items"] for shard in manifest["shards"]]
    total = sum(counts)
    records, shapes = arrays["records"], arrays["shapes"]
    _check_kind("records", records, np.int64, (total, _RECORD))
    _check_kind("shapes", shapes, np.int64, (total, shapes.shape[-1] if shapes.ndim else 0))
    _check_strings("names", arrays, total)
    for i in range(len(manifest["columns"])):
        rows = arrays[f"column_{i}_rows"]
        _check_kind(f"column_{i}_rows", rows, np.int32, (total,))
        _check_strings(f"column_{i}", arrays, None)
        values = len(arrays[f"column_{i}_ends"])
        _check(f"column_{i}_rows", rows, lambda part, n=values: (part >= 0) & (part < n))
    sizes = np.array([shard["size"] for shard in manifest["shards"]], np.int64)
    _check("records", records, lambda part: _inside(part, sizes))
    _check("shapes", shapes, lambda part: (part >= 0) & (part < 2**40))


def _inside(records, sizes):
    shards, offsets, lengths, contents = records.T
    known = (shards >= 0) & (shards < len(sizes))
    ends = sizes[np.where(known, shards, 0)] - HEADER - FOOTER
    begins = (offsets >= 0) & (lengths >= 0) & (contents >= 0)
    return known & begins & (lengths <= ends) & (offsets <= ends - lengths) & (contents <= lengths)


def _check_strings(name, arrays, count):
    data, ends = arrays[f"{name}_data"], arrays[f"{name}_ends"]
    _check_kind(f"{name}_data", data, np.uint8, (data.size,))
    _check_kind(f"{name}_ends", ends, np.int64, (ends.size if count is None else count,))
    last = 0
    for part in _parts(ends):
        if part[0] < last or (np.diff(part) < 0).any() or part[-1] > len(data):
            raise ValueError(f"{name}_ends do not ascend within {name}_data")
        last = part[-1]


def _check_kind(name, array, dtype, shape):
    if array.dtype != dtype or array.shape != shape or not array.flags.c_contiguous:
        raise ValueError(f"{name} is {array.dtype} {array.shape}, not {np.dtype(dtype)} {shape}")


def _check(name, array, allowed):
    if not all(np.all(allowed(part)) for part in _parts(array)):
        raise ValueError(f"{name} has a number out of range")


def _parts(array):
    """Yields the rows of an array, a part at a time; what is mapped stays out of memory."""
    width = array.size // max(1, len(array))
    for first in range(0, len(array), _TOGETHER):
        if not isinstance(array, np.memmap):
            yield array[first : first + _TOGETHER]
            continue
        place = array.offset + first * width * array.itemsize
        part = np.fromfile(array.filename, array.dtype, _TOGETHER * width, offset=place)
        yield part[: (len(array) - first) * width].reshape(-1, *array.shape[1:])


def _check_name(name):
    if not isinstance(name, str) or name in ("", ".", "..") or os.path.basename(name) != name:
        raise ValueError(f"{name!r} is not the name of a file in the folder")


def _check_counts(*values):
    if not all(type(value) is int and 0 <= value < 2**60 for value in values):
        raise ValueError(f"{values} are not counts")


def _check_texts(values):
    if not all(isinstance(value, str) for value in values):
        raise ValueError("it has something else where text should be")


def _check_content(content):
    dtypes, shape = content["dtypes"], content["shape"]
    _check_texts(dtypes)
    for dtype in dtypes:
        if np.dtype(dtype).kind not in "uif":
            raise ValueError(f"{dtype} is not a type of numbers")
    _check_counts(*(size for size in shape if size is not None))
