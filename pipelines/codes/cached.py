"""What a tokenizer makes of a source: codes in the cache folder, in the place of its items."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import tensorflow as tf

from mmssl.pipelines.codes.shards import write_codes
from mmssl.pipelines.readable import scan_for
from mmssl.pipelines.sources.arrays import host
from mmssl.pipelines.sources.fingerprint import fingerprint
from mmssl.pipelines.sources.prepared import cache_folder
from mmssl.pipelines.sources.scan import check_skip_ratio
from mmssl.pipelines.sources.shards import read_prepared

FOLDER = "codes"  # in the cache folder


def open_tokenized(tokenizer, spec, columns=(), progress=None):
    """Opens a source whose items are the codes of those of another.

    Codes are made once, and kept as shards in the cache folder, by the names, sizes and times of
    the files and the weights of the tokenizer.

    Args:
        tokenizer: what encodes: `data`, the Reader of its source; `spec`, the CodeSpec; and
            `encode`, see `write_codes`.
        spec: see `open_source`.
        columns: `labels`, `label_column` and `split_column`, see `open_source`.
        progress: None or function (items done, total items).

    Returns:
        Source with the names, labels, splits and files of the other, without items that cannot be
        read; `read` gives int arrays (n,), the codes of all levels one after the other.

    Raises:
        ValueError: there is nothing to read, or too much of it is unreadable.
    """
    reader = tokenizer.data
    whole = reader.open_all(spec)
    found = scan_for(reader, whole, fingerprint(whole))
    check_skip_ratio(found.skipped, len(whole), reader.skip_ratio)
    good = whole.select(found.good) if found.skipped else whole
    folder = _place(good, tokenizer.spec)
    write_codes(folder, good, tokenizer.encode, tokenizer.spec, found.skipped, progress)
    index, read, reread = read_prepared(folder)
    rows = np.full(len(whole), -1, np.int64)
    rows[found.good] = np.arange(len(index.names))
    return _in_place_of(reader.open_all(spec, *columns), rows, read, reread, found.skipped)


def _place(source, spec):
    """Returns the folder of the codes of a source in the cache folder."""
    depends = [fingerprint(source), source.fingerprint(), spec.values()]
    key = hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()[:32]
    return cache_folder() / FOLDER / key


def _in_place_of(source, rows, read, reread, skipped):
    """Returns a source whose items are read from elsewhere.

    Args:
        source: Source with any of the items, in any order.
        rows: int64 array, where each item of the whole source is read; -1 for those that are not.
        read: function of an int64 scalar tensor.
        reread: the same, or None.
        skipped: list of (name, reason) of those that are not.
    """
    places = rows if source.chosen is None else rows[source.chosen]
    if (places < 0).any():
        source, places = source.select(places >= 0), places[places >= 0]
    at = host(places)
    of = {
        "read": lambda index: read(tf.gather(at, index)),
        "reread": None if reread is None else lambda index: reread(tf.gather(at, index)),
    }
    left_out = [*source.left_out, *skipped]
    return replace(source, **of, sample_rate=None, index=None, left_out=left_out)
