"""The fingerprint of a source's data, which tells whether they changed since."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np

from mmssl.files import write_text
from mmssl.pipelines.sources import places
from mmssl.pipelines.sources.tables import listed
from mmssl.reading import load_json

FINGERPRINT_FILE = "fingerprint.json"
_IN_MEMORY, _CHOICE = "the data in memory", "the choice of items"


def fingerprint(source):
    """Returns what identifies the data of a source, without reading its files.

    Args:
        source: Source.

    Returns:
        Dict of file name -> "size mtime", in bytes and nanoseconds. Names are relative to the
        source's folder, or absolute paths where a file holds several items. Those of prepared
        shards are relative, with their checksums. Data in memory have one entry, a hash of their
        content. Where items are not files, there is a hash of which ones were chosen.
    """
    if source.root is not None:
        return {name: places.stamp_of(os.path.join(source.root, name)) for name in source.names}
    if source.index is not None:
        held = source.index.stamps()
    elif source.files:
        held = stamps(source.files)
    else:
        held = {_IN_MEMORY: _content(source.names if source.content is None else source.content)}
    chosen = np.arange(len(source)) if source.chosen is None else source.chosen
    return {**held, _CHOICE: _content(chosen)}


def stamps(paths):
    """Returns what identifies files without reading them: absolute path -> "size mtime"."""
    return {_absolute(path): places.stamp_of(path) for path in paths}


def _absolute(path):
    return path if places.is_remote(path) else os.path.abspath(path)


def _content(data):
    """Hashes a str, an array, or a list of arrays or texts."""
    whole = isinstance(data, str) or (isinstance(data, np.ndarray) and not data.dtype.hasobject)
    digest = hashlib.sha256()
    for item in [data] if whole else data:
        array = np.ascontiguousarray(item)
        if isinstance(item, str) or array.dtype.hasobject:
            text = str(item).encode("utf-8", "surrogatepass")
            digest.update(b"%d " % len(text) + text)
        else:
            digest.update(f"{array.dtype.str} {array.shape} ".encode())
            digest.update(array.reshape(-1).view(np.uint8))
    return digest.hexdigest()


def write_fingerprint(folder, found):
    """Writes a fingerprint to `fingerprint.json` in a folder, atomically."""
    write_text(Path(folder) / FINGERPRINT_FILE, json.dumps(found, indent=0))


def read_fingerprint(folder):
    """Reads `fingerprint.json` back: a dict, or None where there is no such file."""
    path = None if folder is None else Path(folder) / FINGERPRINT_FILE
    if path is None or not path.is_file():
        return None
    try:
        return dict(load_json(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path} is damaged ({error}): delete it, and the run goes on with the data as they are"
        ) from error


def check_unchanged(folder, before, now):
    """Checks that the data are still those that the run in a folder began with.

    Args:
        folder: run folder.
        before: dict returned by `fingerprint`, or None where the folder has none.
        now: dict returned by `fingerprint`.

    Raises:
        ValueError: files were added, removed or edited; the message counts and names them.
    """
    if before not in (None, now):
        raise ValueError(
            f"the data changed since the run in {folder} began: {changes(before, now)}. Restore "
            "them, choose another --out, or go on with the data as they are now: `mmssl pretrain` "
            "with --data-changed accept, also where the run has ended"
        )


def changes(before, now):
    """Describes the difference of two fingerprints, with a few names of each kind.

    Args:
        before: dict returned by `fingerprint`.
        now: dict returned by `fingerprint`.

    Returns:
        str such as "2 added (a.wav, b.wav), 1 edited (c.wav)"; "" where they are equal.
    """
    kinds = {
        "added": sorted(now.keys() - before.keys()),
        "removed": sorted(before.keys() - now.keys()),
        "edited": sorted(name for name in before.keys() & now.keys() if before[name] != now[name]),
    }
    told = [f"{len(names)} {kind} ({listed(names, 3)})" for kind, names in kinds.items() if names]
    return ", ".join(told)
