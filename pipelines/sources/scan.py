"""One pass over a source that decodes every item, to find the unreadable ones."""

import functools
import logging
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from mmssl.files import write_text
from mmssl.pipelines.elements import mapped
from mmssl.pipelines.sources.arrays import Flat
from mmssl.pipelines.sources.prepared import forget, prepared
from mmssl.pipelines.sources.tables import NO_TEXT, listed

logger = logging.getLogger(__name__)

SKIPPED_FILE = "skipped.txt"
_CHUNK = 64  # items decoded together
_RECOVERED = "it could not be read on the first attempt"


@dataclass(eq=False)
class Scan:
    """The result of a pass over a source.

    Attributes:
        good: int64 array, the indices of the readable items.
        skipped: list of (name, reason), one per unreadable item.
        shapes: int64 array (len(good), rank), the shape of every decoded item.
        kept: Flat of the decoded items; None when they were not to be kept, or took more than
            `keep_bytes`.
    """

    good: np.ndarray
    skipped: list[tuple[str, str]]
    shapes: np.ndarray
    kept: Flat | None


def scan(source, decode, keep_bytes=0, progress=None, key=None, measure=None, fits=None):
    """Decodes every item once, in parallel, unless the cache holds what came of it.

    Args:
        source: Source.
        decode: graph function, raw item -> decoded tensor; it fails on items that cannot be used.
        keep_bytes: keep the decoded items if they take no more than this many bytes in total.
        progress: None or function (items done, total items).
        key: JSON values, all that the decoded items depend on; None keeps nothing between runs.
        measure: graph function, index -> shape of the decoded item, int64 (rank,), that fails as
            `decode` does. It takes its place where items are not kept, and so need not hold a whole
            item. None decodes.
        fits: function () -> bool, whether the decoded items may take no more than `keep_bytes`;
            asked only where the cache does not tell. None keeps them until they take more.

    Returns:
        Scan.
    """

    @functools.cache
    def look():
        room = keep_bytes if fits is None or (keep_bytes and fits()) else 0
        return _decode_all(source, decode, room, progress, measure)

    def values():
        found = look()[1]  # None where headers stated more than there is
        return _decode_all(source, decode, keep_bytes, progress)[1] if found is None else found

    keys = {part: None if key is None else [key, part] for part in ("table", "values")}
    table = prepared(keys["table"], lambda: look()[0])
    if _RECOVERED in table["reasons"]:
        forget(keys["table"])  # the next run may be luckier
    size, kept = int(table["bytes"]), None
    if 0 < size <= keep_bytes:
        values = prepared(keys["values"], lambda: {"values": values()})["values"]
        kept = Flat(values, table["shapes"])
    elif keep_bytes and size:
        logger.info("decoded data exceed %.1f GiB: decoding at every read", keep_bytes / 2**30)
    bad = np.setdiff1d(np.arange(len(source)), table["good"])
    reasons = zip(bad, table["reasons"], strict=True)
    skipped = [(source.names[i], source.located(i, str(reason))) for i, reason in reasons]
    return Scan(table["good"], skipped, table["shapes"], kept)


def _decode_all(source, decode, keep_bytes, progress, measure=None):
    """Returns a table of what was found, a dict of arrays, and all elements or None."""
    good, shapes, kept, size = [np.empty(0, np.int64)], [], [], 0
    load, look = _loaders(source, decode, measure)
    for numbers, sizes, values in _chunks(source, load, look, keep_bytes):
        good.append(numbers)
        shapes.append(sizes)
        kept.append(values)
        size += int(sizes.prod(axis=1).sum()) * values.itemsize
        if size > keep_bytes:
            kept.clear()
        if progress is not None:
            progress(int(numbers[-1]) + 1, len(source))
    good = np.concatenate(good)
    bad = np.setdiff1d(np.arange(len(source)), good)
    table = {
        "good": good,
        "shapes": np.concatenate(shapes) if shapes else np.empty((0, 1), np.int64),
        "reasons": np.array(_reasons(look, bad), str),
        "bytes": np.array(size, np.int64),
    }
    return table, np.concatenate(kept) if kept else None


def _loaders(source, decode, measure):
    """Returns two functions of an index: its shape with its elements, and with an empty array."""

    def load(index):
        item = decode(source.read(index))
        return tf.shape(item, tf.int64), tf.reshape(item, [-1])

    def look(index):
        shape, values = load(index)
        return shape, values[:0]

    if measure is None:
        return load, look
    dtype = mapped(tf.data.Dataset.range(1), load).element_spec[1].dtype
    return load, lambda index: (measure(index), tf.zeros([0], dtype))


def _chunks(source, load, look, keep_bytes):
    """Yields (indices, shapes, elements) of items that can be loaded; elements while they fit."""
    begin, room = 0, keep_bytes
    # Alone where they are kept: a batch of long recordings could exceed any memory.
    for chunk in _passed(source, load, 0, 1) if keep_bytes else ():
        yield chunk
        begin, room = int(chunk[0][-1]) + 1, room - chunk[2].nbytes
        if room < 0:
            break
    if not keep_bytes or room < 0:
        yield from _passed(source, look, begin, _CHUNK)


def _passed(source, function, begin, chunk):
    def attempt(index):
        return index, *function(index)

    numbers = tf.data.Dataset.range(begin, len(source))
    try:
        items = mapped(numbers, attempt, tf.data.AUTOTUNE)
    except TypeError as error:
        kind = source.read(tf.constant(0, tf.int64))
        raise ValueError(
            f"the source holds {kind.dtype.name} arrays of shape {kind.shape}, which this recipe "
            "does not read"
        ) from error
    batches = items.ignore_errors(log_warning=False).batch(chunk)
    for numbers, shapes, values in batches.as_numpy_iterator():
        yield numbers, shapes, values.reshape(-1)


def _reasons(look, numbers):
    attempt = tf.function(look, [tf.TensorSpec([], tf.int64)], autograph=False)
    return [_reason(attempt, number) for number in numbers]


def _reason(attempt, number):
    try:
        attempt(tf.constant(number, tf.int64))
    except tf.errors.OpError as error:
        return plain_reason(error.message)
    return _RECOVERED


def plain_reason(message):
    """Returns the last line of TensorFlow's message on a failed operation, without its markup."""
    message = re.sub(r"\{\{.*?\}\}|\[Op:.*|\[\[.*", "", message)
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    line = re.sub(r"^[\w.]*Error:|^assertion failed:", "", lines[-1] if lines else "unreadable")
    return re.sub(r"[\s\[\]]+", " ", line).strip()


def check_skip_ratio(skipped, total, skip_ratio):
    """Raises an error when too many items are unreadable; otherwise logs their names.

    Args:
        skipped: list of (name, reason).
        total: number of items, readable or not.
        skip_ratio: fraction of the items that may be skipped, 0 to 1. Unless it is 0, one item may
            always be skipped. At least one item must be readable in any case. Files without text
            do not count: there is nothing in them to be read.

    Raises:
        ValueError: when too many items are unreadable; the message names them.
    """
    allowed = max(1, int(skip_ratio * total)) if skip_ratio > 0 else 0
    unreadable = [(name, reason) for name, reason in skipped if reason != NO_TEXT]
    if skipped and (len(unreadable) > allowed or len(skipped) == total):
        raise ValueError(
            f"{len(unreadable or skipped)} of {total} items cannot be read, and "
            f"skip_ratio={skip_ratio:g} allows {min(allowed, total - 1)}: "
            f"{_with_reasons(unreadable or skipped)}"
        )
    if skipped:
        named = _with_reasons(skipped)
        logger.warning("skipped %d of %d items: %s", len(skipped), total, named)


def _with_reasons(skipped):
    return listed([f"{name} ({reason})" for name, reason in skipped])


def write_skipped(folder, skipped):
    """Writes lines of name, tab, reason to `skipped.txt` in a folder, atomically."""
    write_text(Path(folder) / SKIPPED_FILE, skipped_lines(skipped))


def skipped_lines(skipped):
    """Returns the lines of `skipped.txt`, of name, tab and reason, as one str."""
    return "".join(f"{name}\t{reason}\n" for name, reason in skipped)


def read_skipped(folder):
    """Reads `skipped.txt` back: a list of (name, reason), or None where there is no such file."""
    path = None if folder is None else Path(folder) / SKIPPED_FILE
    if path is None or not path.is_file():
        return None
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        found = [line.rsplit("\t", 1) for line in lines if line]
        return [(name, reason) for name, reason in found]
    except ValueError:
        raise ValueError(
            f"{path} is damaged: delete it, and the run goes on with all that can be read"
        ) from None
