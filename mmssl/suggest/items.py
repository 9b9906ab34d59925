"""What a source holds, listed without TensorFlow: how many items of which modality."""

import glob
import importlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmssl.pipelines.sources import finding, idx, tables
from mmssl.pipelines.sources.extensions import (
    AUDIO_EXTENSIONS,
    IMAGE_EXTENSIONS,
    TEXT_EXTENSIONS,
)
from mmssl.pipelines.sources.file_tables import listed_files
from mmssl.pipelines.sources.places import is_remote
from mmssl.pipelines.sources.shard_index import is_prepared
from mmssl.reading import load_yaml
from mmssl.suggest import pictures, sounds
from mmssl.suggest.archives import read_archive

# Where as many files of two modalities are there, the first is what the others are notes on.
EXTENSIONS = {"images": IMAGE_EXTENSIONS, "audio": AUDIO_EXTENSIONS, "text": TEXT_EXTENSIONS}
ALL = tuple(extension for extensions in EXTENSIONS.values() for extension in extensions)
_BUILTIN = {"docs": "text", "photos": "images", "speech": "audio"}


@dataclass(eq=False)
class Items:
    """The items of a source that pretraining would take.

    Attributes:
        modality: images, audio or text.
        names: one per item.
        read: int -> pathlib.Path of an encoded file, its bytes, an array, or a str.
        sample_rate: of arrays of samples, in hertz; None where unknown or where items are files.
        left_out: list of (name, reason), what lies beside the items and is not read.
        held_out: number of items of other splits than train.
    """

    modality: str
    names: Sequence[str]
    read: Callable[[int], Any]
    sample_rate: int | None = None
    left_out: list[tuple[str, str]] = field(default_factory=list)
    held_out: int = 0

    def __len__(self):
        return len(self.names)

    def of_split(self, splits):
        """Returns the items to train on: those of the split train, if any item is in it."""
        chosen = np.flatnonzero(np.asarray(splits) == "train")
        if not len(chosen):
            return self
        names, read = [self.names[i] for i in chosen], self.read
        held_out = len(self.names) - len(names)
        return replace(self, names=names, read=lambda i: read(chosen[i]), held_out=held_out)


def list_items(source):
    """Lists the items of a source; no item is decoded.

    Args:
        source: a folder, glob, file, table, archive, `.tfrecord`, IDX or built-in data, as
            `mmssl.pipelines.sources.open_source` takes it; or several, such as "[a/, b/]".

    Returns:
        Items.

    Raises:
        ValueError: there is nothing that a recipe reads; the message says what is there.
    """
    source = os.fspath(source)
    several = [] if os.path.exists(source) else _several(source)
    if several:
        return _joined([list_items(one) for one in several])
    if source.startswith("builtin:"):
        return _of_builtin(source)
    path = Path(source).expanduser()
    if is_remote(source) or is_prepared(path):
        return _of_shards(source)
    if path.is_dir():
        return _of_folder(path)
    if path.is_file():
        return _of_file(path)
    if glob.has_magic(source):
        return _of_glob(path)
    raise ValueError(f"the source {source} does not exist (working folder {os.getcwd()})")


def _several(source):
    """Returns the sources that a list in YAML names; none where it is no such list."""
    try:
        listed = load_yaml(source) if source.startswith("[") else None
    except ValueError:  # as of a glob such as "[ab]*.png"
        listed = None
    is_list = isinstance(listed, list) and all(isinstance(one, str) for one in listed)
    return listed if is_list else []


def _joined(parts):
    modalities = sorted({part.modality for part in parts})
    if len(modalities) > 1:
        raise ValueError(f"the sources hold {' and '.join(modalities)}: give one modality")
    places = [(part, i) for part in parts for i in range(len(part))]
    return replace(
        parts[0],
        names=[name for part in parts for name in part.names],
        read=lambda i: places[i][0].read(places[i][1]),
        left_out=[one for part in parts for one in part.left_out],
        held_out=sum(part.held_out for part in parts),
    )


def _of_builtin(source):
    name = source.removeprefix("builtin:")
    if name not in _BUILTIN:
        raise ValueError(f"{source} does not exist: the built-in data are {', '.join(_BUILTIN)}")
    made = importlib.import_module(f"mmssl.pipelines.sources.builtin_{name}").make()
    return _of_rows(_BUILTIN[name], *made)


def _of_rows(modality, data, columns=None, sample_rate=None):
    names = [f"row {i}" for i in range(len(data))]
    items = Items(modality, names, lambda i: data[i], sample_rate)
    return items.of_split((columns or {}).get("split", []))


def _of_folder(folder):
    found, left_out = finding.find(folder, ALL)
    if any(file.suffix.lower() in ALL for file in found):
        return _of_files(found, folder, left_out)
    if any(file.suffix == ".tfrecord" for file in found):
        return _of_shards(folder)
    if any(idx.is_idx(file) for file in found if file.parent == folder):
        return _of_rows("images", *idx.read_images(folder))
    single = [file.name for file in found if file.suffix.lower() in (*tables.TABLES, ".npz")]
    advice = f": give one of them, {tables.listed(single)}" if single else ""
    raise ValueError(
        f"nothing under {folder} is sound, a picture or text that a recipe reads; found "
        f"{'; '.join([finding.kinds(found), *finding.describe(left_out)])}{advice}"
    )


def _of_glob(pattern):
    fixed = next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))
    found, left_out = finding.find(fixed, ALL, pattern.relative_to(fixed).parts)
    if found and all(file.suffix == ".tfrecord" for file in found):
        return _of_shards(pattern)
    if any(file.suffix.lower() in ALL for file in found):
        return _of_files(found, fixed, left_out)
    raise ValueError(
        f"the glob {pattern} matches no file that a recipe reads; found {finding.kinds(found)}"
    )


def _of_file(path):
    suffix = path.suffix.lower()
    if suffix == ".npz":
        modality, rows, sample_rate = read_archive(path)
        return _of_rows(modality, rows, None, sample_rate)
    if suffix == ".tfrecord":
        return _of_shards(path)
    if idx.is_idx(path):
        return _of_rows("images", *idx.read_images(path))
    if suffix in tables.TABLES:
        return _of_table(path)
    if suffix in ALL:
        return _of_files([path], path.parent, [])
    raise ValueError(
        f"{path} is not a file that a recipe reads: give a folder, a glob, a .tsv or .jsonl "
        "table, an .npz archive, .tfrecord shards, or IDX"
    )


def _of_files(found, root, left_out):
    modality = _most(found)
    extensions = EXTENSIONS[modality]
    files = [file for file in found if file.suffix.lower() in extensions]
    left_out = left_out + finding.unread(found, root, extensions)
    names = [file.relative_to(root).as_posix() for file in files]
    return Items(modality, names, lambda i: files[i], left_out=left_out)


def _most(files):
    kinds = Counter(
        modality
        for file in files
        for modality, extensions in EXTENSIONS.items()
        if file.suffix.lower() in extensions
    )
    return max(EXTENSIONS, key=lambda modality: kinds[modality])


def _of_table(path):
    columns, names = tables.read_texts(path)
    if "text" in columns:
        texts = columns["text"]
        items = Items("text", names, lambda i: texts[i])
    elif "file" in columns:
        modality = _most([Path(name) for name in columns["file"]])
        files = listed_files(path, columns["file"], EXTENSIONS[modality])
        items = Items(modality, list(columns["file"]), lambda i: files[i])
    else:
        raise ValueError(
            f"{path} has the columns {', '.join(columns)}: expected a column `text` or `file`"
        )
    return items.of_split(columns.get("split", []))


def _of_shards(spec):
    """Lists the records of shards, whose format TensorFlow has to read."""
    from mmssl.suggest.records import read_records

    source, read = read_records(spec)
    told = {} if source.index is None else source.index.manifest
    kind = told.get("modality") or _kind_of(read(0))  # which write_shards does not know
    items = Items(kind, source.names, read, source.sample_rate, source.left_out)
    return items.of_split([] if source.splits is None else source.splits)


def _kind_of(encoded):
    for modality, module in (("images", pictures), ("audio", sounds)):
        try:
            module.examine(encoded)
        except ValueError:
            continue
        return modality
    return "text"
