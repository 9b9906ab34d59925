"""An index on disk: a folder of vectors, items, and a manifest that says what they were made by.

vectors.npy     float32 (N, D), of length 1 each, mapped into memory
items.jsonl     one object a line, in the order of the vectors, see `Item`
manifest.json   format, run, step, layer, whiten, encoder (checksum), dimension, metric, items,
                sources, approximate, checksums (of the other files), checksum (of the manifest)
nearest.faiss   for approximate search, where there are many
"""

import contextlib
import dataclasses
import json
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmssl.files import recover, reserve, write_text
from mmssl.pipelines.sources import places
from mmssl.reading import check_regular, load_json
from mmssl.search.items import Item

FORMAT = 1  # raised when an older index can no longer be read
_KEYS = {"run", "step", "layer", "whiten", "encoder", "dimension", "items", "approximate"}
MANIFEST, ITEMS, VECTORS = "manifest.json", "items.jsonl", "vectors.npy"


@dataclass(frozen=True)
class Stored:
    """The content of an index folder.

    Attributes:
        manifest: dict of JSON values.
        items: list of N Item.
        vectors: float32 memmap (N, D).
    """

    manifest: dict
    items: list[Item]
    vectors: np.ndarray


def read_index(path):
    """Reads an index folder; the vectors stay on disk.

    Args:
        path: pathlib.Path.

    Returns:
        Stored.

    Raises:
        ValueError: it is not an index, one of another format, or damaged.
    """
    recover(path)
    if not (path / MANIFEST).is_file():
        raise ValueError(
            f"{path} is not an index: it has no {MANIFEST}; `mmssl index RUN FOLDER --out {path}` "
            "makes one."
        )
    try:
        for entry in path.iterdir():
            check_regular(entry)
        manifest = load_json((path / MANIFEST).read_text(encoding="utf-8"))
        found = manifest["format"]
        if found == FORMAT:
            _check_manifest(manifest)
            _check_sums(path, manifest)
            items = _read_items(path / ITEMS, manifest["items"])
            vectors = np.load(path / VECTORS, mmap_mode="r", allow_pickle=False)
            _check(vectors, (manifest["items"], manifest["dimension"]))
    except Exception as error:  # what damaged files raise is without number
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path} is damaged ({reason}): build it again.") from None
    if found != FORMAT:
        raise ValueError(
            f"{path} has the index format {found!r}, and this version of mmssl reads {FORMAT}: "
            "build it again."
        )
    return Stored(manifest, items, vectors)


def index_path(path):
    """Returns the place of a new index.

    Args:
        path: path; nothing may be there yet.

    Returns:
        pathlib.Path.

    Raises:
        ValueError: there is something.
    """
    path = Path(path)
    recover(path)
    if (path / MANIFEST).is_file():
        raise ValueError(
            f"{path} is an index already: `mmssl index {path} --add FOLDER` adds to it, and to "
            "build it anew, delete it first."
        )
    if path.exists():
        raise ValueError(f"--out must be a new path; {path} is there already, and no index.")
    return path


def write_manifest(folder, manifest):
    """Writes the manifest of an index, with checksums of all that is in its folder.

    Args:
        folder: pathlib.Path of the folder, not yet in its place.
        manifest: dict of JSON values.
    """
    sums = {path.name: places.checksum_of(path)[1] for path in sorted(folder.iterdir())}
    manifest = {"format": FORMAT, **manifest, "checksums": sums}
    manifest["checksum"] = _checksum(manifest)
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    write_text(folder / MANIFEST, text + "\n")


def write_items(folder, items):
    """Writes the items of an index.

    Args:
        folder: pathlib.Path of the folder, not yet in its place.
        items: list of Item, in the order of the vectors.
    """
    with open(folder / ITEMS, "w", encoding="utf-8", newline="") as file:
        for item in items:
            file.write(json.dumps(dataclasses.asdict(item), ensure_ascii=False) + "\n")


@contextlib.contextmanager
def new_vectors(folder, shape):
    """Yields the vectors of a new index, to be filled, and flushes them.

    Args:
        folder: pathlib.Path of the folder, not yet in its place.
        shape: (N, D).

    Yields:
        float32 memmap (N, D).
    """
    vectors = np.lib.format.open_memmap(folder / VECTORS, "w+", "float32", shape)
    reserve(folder / VECTORS)
    yield vectors
    vectors.flush()


def _check_sums(folder, manifest):
    """Checks every file of an index, unless a version before checksums has written it."""
    if "checksum" not in manifest:
        return
    if manifest.pop("checksum") != _checksum(manifest):
        raise ValueError(f"{MANIFEST} has another checksum than when it was written")
    there = {path.name for path in folder.iterdir()}
    for name, checksum in manifest.pop("checksums").items():
        if name not in there:
            raise ValueError(f"{name} is missing")
        if places.checksum_of(folder / name)[1] != checksum:
            raise ValueError(f"{name} has another checksum than when it was written")


def _checksum(manifest):
    return f"{zlib.crc32(json.dumps(manifest, sort_keys=True).encode()):08x}"


def _read_items(path, count):
    # Many share a place; one str for all of them is a fraction of the memory.
    with open(path, encoding="utf-8", newline="\n") as file:
        rows = [load_json(line) for line in file]
    if len(rows) != count:
        raise ValueError(f"{path.name} has {len(rows)} items, not {count}")
    items = [Item(**{**row, "place": sys.intern(row["place"])}) for row in rows]
    for item in items:
        texts = all(isinstance(text, str) for text in (item.name, item.stamp))
        if not texts or not (item.row is None or type(item.row) is int):
            raise ValueError(f"{path.name} has an item that is none: {item}")
    return items


def _check_manifest(manifest):
    missing = sorted(_KEYS - manifest.keys())
    if missing:
        raise ValueError(f"{MANIFEST} lacks {', '.join(missing)}")
    if not all(type(manifest[name]) is int for name in ("items", "dimension")):
        raise ValueError(f"{MANIFEST} does not count its items")
    if not isinstance(manifest["run"], str):
        raise ValueError(f"{MANIFEST} names no run")


def _check(vectors, shape):
    if vectors.shape != shape or vectors.dtype != np.float32:
        raise ValueError(f"{VECTORS} is {vectors.dtype} {vectors.shape}, not float32 {shape}")
