"""One pass over a source that decodes every item, to find those that cannot be read."""

import logging
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from mmssl.pipelines.arrays import Flat
from mmssl.pipelines.tables import listed

logger = logging.getLogger(__name__)

SKIPPED_FILE = "skipped.txt"


@dataclass(eq=False)
class Scan:
    """What a pass over a source found.

    Attributes:
        good: int64 array, the numbers of the items that can be read.
        skipped: list of (name, reason), one for every other item.
        shapes: int64 array (len(good), rank), the shape of every decoded item.
        kept: Flat of the decoded items; None when they were not to be kept, or took more than
            the bound.
    """

    good: np.ndarray
    skipped: list[tuple[str, str]]
    shapes: np.ndarray
    kept: Flat | None


def scan(source, decode, keep_bytes=0, progress=None):
    """Decodes every item once, in parallel.

    Args:
        source: Source.
        decode: graph function of what the source reads -> decoded tensor; it fails on items that
            cannot be used.
        keep_bytes: keep the decoded items as long as they take no more than this many bytes.
        progress: None or function (items done, items in all).

    Returns:
        Scan.
    """
    signature = [tf.TensorSpec([], tf.int64)]
    load = tf.function(lambda i: decode(source.read(i)), signature).get_concrete_function()
    good, skipped, shapes, kept, size = [], [], [], [], 0

    def attempt(index):
        try:
            return load(tf.constant(index, tf.int64)).numpy(), None
        except tf.errors.OpError as error:
            return None, plain_reason(error.message)

    with ThreadPoolExecutor(os.cpu_count()) as pool, tf.device("CPU:0"):
        for index, (item, reason) in enumerate(pool.map(attempt, range(len(source)))):
            if progress is not None:
                progress(index + 1, len(source))
            if reason is not None:
                skipped.append((source.names[index], reason))
                continue
            good.append(index)
            shapes.append(np.shape(item))
            size += getattr(item, "nbytes", 0)
            if size <= keep_bytes:
                kept.append(item)
            else:
                kept.clear()
    if 0 < keep_bytes < size:
        logger.info("decoded data exceed %.1f GiB: decoding anew each time", keep_bytes / 2**30)
    whole = bool(good) and len(kept) == len(good)
    return Scan(
        np.array(good, np.int64),
        skipped,
        np.array(shapes, np.int64).reshape(len(good), -1),
        Flat(kept) if whole else None,
    )


def plain_reason(message):
    """Returns the sentence inside TensorFlow's report of a failed operation."""
    message = re.sub(r"\{\{.*?\}\}|\[Op:.*?\]|\[\[.*?\]\]", "", message, flags=re.DOTALL)
    lines = [line.strip() for line in message.splitlines()]
    line = next((line for line in lines if line and not line.startswith("Traceback")), "unreadable")
    return re.sub(r"^(Error in|[\w.]*Error:|assertion failed:)\s*", "", line).replace("\t", " ")


def check_share(skipped, total, share):
    """Stops when too many items cannot be read; otherwise names them in the log.

    Args:
        skipped: list of (name, reason).
        total: number of items, readable or not.
        share: part of the items that may be skipped, 0 to 1. Unless it is 0, one item may always
            be skipped. Something readable must be left in any case.

    Raises:
        ValueError: naming the items.
    """
    allowed = max(1, int(share * total)) if share > 0 else 0
    named = listed([f"{name} ({reason})" for name, reason in skipped])
    if skipped and (len(skipped) > allowed or len(skipped) == total):
        raise ValueError(
            f"{len(skipped)} of {total} items cannot be read, and skip_share={share:g} allows "
            f"{min(allowed, total - 1)}: {named}"
        )
    if skipped:
        logger.warning("skipped %d of %d items: %s", len(skipped), total, named)


def write_skipped(folder, skipped):
    """Writes name TAB reason lines to `skipped.txt` in a folder, moved into place when complete."""
    path = Path(folder) / SKIPPED_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".writing")
    lines = [f"{name}\t{reason}\n" for name, reason in skipped]
    beside.write_text("".join(lines), encoding="utf-8")
    os.replace(beside, path)


def read_skipped(folder):
    """Reads `skipped.txt` back: a list of (name, reason), or None where there is no such file."""
    path = None if folder is None else Path(folder) / SKIPPED_FILE
    if path is None or not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    return [tuple(line.rsplit("\t", 1)) for line in lines]
