"""The index of prepared shards: what each record is and where, in arrays that are mapped.

shards/part-00000-of-00004.tfrecord ...
shards/index/manifest.json      counts, checksums, feature specification
shards/index/*.npy              offsets, lengths, shapes, names, columns
"""

import io
import itertools
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmssl.pipelines.sources import places
from mmssl.pipelines.sources.index_checks import check_arrays, check_manifest, check_places
from mmssl.pipelines.sources.prepared import prepared
from mmssl.pipelines.sources.strings import Strings
from mmssl.reading import check_regular, load_json

CONTENT, SHAPE, DTYPE = "content", "shape", "dtype"  # features beside name and columns
INDEX, MANIFEST = "index", "manifest.json"
_VERSION = 1


@dataclass(eq=False)
class ShardIndex:
    """The index of prepared shards.

    Attributes:
        folder: of the shards, pathlib.Path or, where it is remote, str.
        manifest: dict, see `merge`.
        starts: int64 array (shards + 1,), the first item of each shard, and N.
        records: int64 array (N, 4): the number of the shard, where the header of the record begins
            in it, the bytes of the record without header and footer, and how many of them, at its
            end, are the content.
        shapes: int64 array (N, rank) of items that are arrays, (N, 0) of encoded files and texts.
        names: Strings (N,).
        columns: dict of Strings (N,).
        together: how many shards are at hand at a time, where not all of them are; else 0.
    """

    folder: Path | str
    manifest: dict
    starts: np.ndarray
    records: np.ndarray
    shapes: np.ndarray
    names: Strings
    columns: dict[str, Strings]
    together: int = 0

    @property
    def paths(self):
        """Paths of the shards, a list of str."""
        names = [shard["file"] for shard in self.manifest["shards"]]
        return [str(places.inside(self.folder, name)) for name in names]

    def stamps(self):
        """Returns what identifies the shards: name -> checksum when written, size and time now."""
        shards = zip(self.paths, self.manifest["shards"], strict=True)
        return {
            shard["file"]: f"{shard['checksum']} {places.stamp_of(path)}" for path, shard in shards
        }

    def damaged(self):
        """Describes the shards that are missing or have another size than when they were written.

        Returns:
            list of str, a sentence each.
        """
        told = []
        for path, shard in zip(self.paths, self.manifest["shards"], strict=True):
            size = places.size_of(path)
            if size is None:
                told.append(f"{path} with {shard['items']} items is missing")
            elif size != shard["size"]:
                told.append(f"{path} has {size} of its {shard['size']} bytes")
        return told


def is_prepared(folder):
    """Returns whether a folder holds prepared shards, with their index."""
    return places.exists(places.inside(places.inside(folder, INDEX), MANIFEST))


def merge(folder, files, parts, about):
    """Writes the index of shards that are in place.

    Args:
        folder: of the shards.
        files: list of their names.
        parts: list of Part, one a shard.
        about: dict of JSON values that go into the manifest.

    Returns:
        dict, the manifest: `about`, and items, shards (file, items, size, checksum of each),
        content, features (the feature specification), columns, checksums (of the arrays).

    Raises:
        ValueError: the items are of arrays of different ranks, or of arrays and files.
    """
    arrays = {
        "records": np.concatenate([_records(number, part) for number, part in enumerate(parts)]),
        "shapes": _shapes(parts),
        **_joined("names", [part.names for part in parts]),
    }
    columns = _merged([part.columns for part in parts])
    for i, column in enumerate(columns.values()):
        arrays |= _of_strings(f"column_{i}", column)
    dtypes = sorted({dtype for part in parts for dtype in part.dtypes})
    counted = zip(files, parts, strict=True)
    manifest = {
        **about,
        "version": _VERSION,
        "items": len(arrays["records"]),
        "shards": [
            {"file": f, "items": len(part), "size": part.size, "checksum": part.checksum}
            for f, part in counted
        ],
        "content": {"dtypes": dtypes, "shape": _common(arrays["shapes"])},
        "columns": list(columns),
        "features": _features(columns, arrays["shapes"].shape[1]),
        "left_out": [list(one) for part in parts for one in part.left_out],
    }
    return _write(folder, manifest, arrays)


def _write(folder, manifest, arrays):
    place, checksums = places.inside(folder, INDEX), {}
    for name, array in arrays.items():
        path = places.inside(place, f"{name}.npy")
        _save(path, array)
        checksums[name] = places.checksum_of(path)[1]
    manifest = {**manifest, "checksums": checksums}
    text = json.dumps({**manifest, "checksum": _checksum(manifest)}, indent=1)
    # Last: shards are prepared once there is a manifest.
    places.write_bytes(places.inside(place, MANIFEST), text.encode())
    return manifest


def _save(path, array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    places.write_bytes(path, file.getbuffer())


def _records(number, part):
    shards = np.full(len(part), number, np.int64)
    return np.stack([shards, part.offsets, part.lengths, part.contents], axis=1)


def _shapes(parts):
    ranks = {part.shapes.shape[1] for part in parts if len(part)}
    if len(ranks) > 1:
        raise ValueError("the items have arrays of different ranks, or are arrays and files")
    rank = ranks.pop() if ranks else 0
    return np.concatenate([part.shapes.reshape(len(part), rank) for part in parts])


def _common(shapes):
    """Returns the shape that all arrays have, a list of int, and of None where they differ."""
    pairs = zip(shapes.min(axis=0), shapes.max(axis=0), strict=True) if len(shapes) else ()
    return [int(low) if low == high else None for low, high in pairs]


def _joined(name, parts):
    """Returns the arrays of strings of several parts, one after the other."""
    sizes = [len(part.data) for part in parts]
    begins = np.cumsum([0, *sizes[:-1]])
    return {
        f"{name}_data": np.concatenate([part.data for part in parts]),
        f"{name}_ends": np.concatenate(
            [part.ends + begin for part, begin in zip(parts, begins, strict=True)]
        ),
    }


def _merged(parts):
    """Merges columns whose values are numbered in each part by itself: dict of Strings."""
    merged = {}
    for name in parts[0]:
        values = [np.array(part[name].values(), object) for part in parts]
        found, rows = np.unique(np.concatenate(values), return_inverse=True)
        firsts = np.cumsum([0, *map(len, values)])
        numbers = [
            rows[first:end][part[name].rows]
            for (first, end), part in zip(itertools.pairwise(firsts), parts, strict=True)
        ]
        texts = Strings.of(found.tolist())
        merged[name] = Strings(texts.data, texts.ends, np.concatenate(numbers).astype(np.int32))
    return merged


def _of_strings(name, strings):
    return {
        f"{name}_data": strings.data,
        f"{name}_ends": strings.ends,
        f"{name}_rows": strings.rows,
    }


def _features(columns, rank):
    """Returns the feature specification: name -> dtype and shape, as `tf.io.FixedLenFeature`."""
    texts = {name: {"dtype": "string", "shape": []} for name in (CONTENT, "name", *columns)}
    if not rank:
        return texts
    return {
        **texts,
        SHAPE: {"dtype": "int64", "shape": [rank]},
        DTYPE: {"dtype": "string", "shape": []},
    }


def open_index(folder):
    """Opens the index of prepared shards; names, offsets and columns stay on the disk.

    Args:
        folder: of the shards. The index of a remote one is kept in the cache folder.

    Returns:
        ShardIndex.

    Raises:
        ValueError: the index is damaged; the message names the file and what to do.
    """
    place = places.inside(folder, INDEX)
    manifest = read_manifest(folder)
    arrays = _mapped(place, manifest["checksums"])
    try:
        check_arrays(manifest, arrays)
    except (KeyError, ValueError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(_damage(places.inside(place, MANIFEST), reason)) from None
    names = Strings(arrays["names_data"], arrays["names_ends"])
    columns = {
        name: Strings(*(arrays[f"column_{i}_{part}"] for part in ("data", "ends", "rows")))
        for i, name in enumerate(manifest["columns"])
    }
    starts = np.cumsum([0, *(shard["items"] for shard in manifest["shards"])], dtype=np.int64)
    located = [arrays[name] for name in ("records", "shapes")]
    index = ShardIndex(folder, manifest, starts, *located, names, columns)
    check_places(folder, index.paths)
    return index


def read_manifest(folder):
    """Reads what prepared shards hold in all.

    Args:
        folder: of the shards.

    Returns:
        dict, see `merge`.

    Raises:
        ValueError: it is damaged, or of another version of mmssl.
    """
    path = places.inside(places.inside(folder, INDEX), MANIFEST)
    try:
        manifest = dict(load_json(_bytes(path)))
        whole = manifest.pop("checksum") == _checksum(manifest)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(_damage(path)) from error
    if not whole:
        raise ValueError(_damage(path))
    if manifest.get("version") != _VERSION:
        raise ValueError(
            f"{path} is of format {manifest.get('version')}, and this mmssl reads {_VERSION}: "
            "prepare the shards anew"
        )
    try:
        check_manifest(manifest)
    except ValueError as error:
        raise ValueError(_damage(path, str(error))) from None
    return manifest


def _bytes(path):
    if not places.is_remote(path):
        check_regular(path)
    return places.read_bytes(path)


def _checksum(manifest):
    return f"{zlib.crc32(json.dumps(manifest, sort_keys=True).encode()):08x}"


def _mapped(place, checksums):
    """Returns the arrays of an index by name, after a look at their checksums."""
    if places.is_remote(place):
        return prepared(["shard index", checksums], lambda: _fetched(place, checksums))
    arrays = {}
    for name, checksum in checksums.items():
        path = places.inside(place, f"{name}.npy")
        if not path.is_file() or places.checksum_of(path)[1] != checksum:
            raise ValueError(_damage(path))
        # Private pages, as TensorFlow maps no others: nobody writes to them.
        mode = "c" if path.stat().st_size > 2**16 else None
        arrays[name] = _array(path, path, mmap_mode=mode)
    return arrays


def _fetched(place, checksums):
    arrays = {}
    for name, checksum in checksums.items():
        content = places.read_bytes(places.inside(place, f"{name}.npy"))
        if f"{zlib.crc32(content):08x}" != checksum:
            raise ValueError(_damage(places.inside(place, f"{name}.npy")))
        arrays[name] = _array(io.BytesIO(content), places.inside(place, f"{name}.npy"))
    return arrays


def _array(file, path, **kwargs):
    try:
        return np.load(file, allow_pickle=False, **kwargs)
    except Exception as error:  # what a damaged header raises is without number
        raise ValueError(_damage(path)) from error


def _damage(path, reason=""):
    return (
        f"{path} is damaged or missing{reason and f' ({reason})'}: restore it from a copy, or "
        "prepare the shards anew in another folder"
    )
