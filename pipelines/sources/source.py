"""Data sources: a folder, a glob, shards, archives, tables, arrays or built-in data."""

import functools
import glob
import hashlib
import importlib
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources import arrays, idx, shards, tables
from mmssl.pipelines.sources.joined import join, names_paths

# The extension of a file of the same modality, so that an audio recipe rejects builtin:docs.
_SPLITS = {"train", "test", "val", "dev", "valid", "validation"}  # names of folders
_BUILTIN = {"docs": ".txt", "photos": ".png", "speech": ".wav"}


@dataclass(eq=False)
class Source:
    """Items that can be read by index, with their names, labels and other columns.

    Attributes:
        names: one per item: path relative to the source folder, the source's column `name`, or
            its position: "row 12", "line 12" of a table, "part-0.tfrecord:12".
        read: int64 scalar tensor -> encoded file or text (string scalar), or a numeric array.
            Works inside a graph.
        labels: array (N,) of str, or None.
        splits: array (N,) of str such as "train", "test", "val", or None.
        columns: all columns of the source or of its label table: name -> array (N,) of str.
        root: folder that `names` are relative to; None if items are not files.
        sample_rate: of decoded waveforms in hertz; None if unknown or if items are files.
        request: the arguments that `open_source` was called with, by name; empty for a subset.
    """

    names: list[str]
    read: Callable[[tf.Tensor], tf.Tensor]
    labels: np.ndarray | None = None
    splits: np.ndarray | None = None
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    root: Path | None = None
    sample_rate: int | None = None
    request: dict[str, Any] = field(default_factory=dict)

    def __len__(self):
        return len(self.names)

    def select(self, indices):
        """Returns a view of a subset of the items, in the order given.

        Args:
            indices: ints (M,), or bools (N,).
        """
        indices = np.asarray(indices)
        indices = np.flatnonzero(indices) if indices.dtype == bool else indices.astype(np.int64)
        chosen, read = arrays.host(indices.reshape(-1)), self.read
        return Source(
            names=[self.names[i] for i in indices],
            read=lambda index: read(tf.gather(chosen, index)),
            labels=None if self.labels is None else self.labels[indices],
            splits=None if self.splits is None else self.splits[indices],
            columns={name: column[indices] for name, column in self.columns.items()},
            root=self.root,
            sample_rate=self.sample_rate,
        )

    def first(self, count=None):
        """Returns a view of the first `count` items, or the source itself if it has no more.

        Args:
            count: int, 1 or more; None keeps all.
        """
        return self if count is None or count >= len(self) else self.select(range(count))

    def unlabeled(self):
        """Returns a view of all items without their labels."""
        return replace(self, labels=None)

    def fingerprint(self):
        """Returns a short hash of the names in order, equal for equal lists of names."""
        return hashlib.sha256("\n".join(self.names).encode()).hexdigest()[:16]


def open_source(spec, extensions, labels=None, label_column=None, split_column=None):
    """Opens a source; nothing is decoded yet.

    Args:
        spec: one of
            a folder, searched recursively, in sorted order (of encoded files, IDX or shards);
            a glob such as "clips/*.wav"; one file; a `.tfrecord` file;
            an `.npz` archive with x and y, or x_train, y_train, x_test, y_test;
            a `.tsv` or `.jsonl` table with a column `file` (relative to the table's folder) or,
            for text, `text`;
            an array (N, ...), a list of arrays, or a list of str that are not paths;
            a list or tuple of files, folders, globs and tables of files, concatenated (see
            `joined.join`);
            "builtin:speech", "builtin:photos" or "builtin:docs";
            a Source, returned as it is unless labels are given.
        extensions: tuple of lowercase file extensions that this modality reads, such as (".wav",).
        labels: None; or the path of a table with a column `file`, relative to the source folder or
            to the table's own folder (items that it does not list are left out); or a sequence of
            one label per item.
        label_column: the column of labels; "folder" uses each file's folder name. Default `label`.
        split_column: the column of splits. Default `split`, if there is one.

    Returns:
        Source.

    Raises:
        ValueError: when there is nothing to read, or labels do not match.
    """
    if isinstance(spec, Source) and labels is label_column is split_column is None:
        return spec
    asked = {"labels": labels, "label_column": label_column, "split_column": split_column}
    before = spec.request if isinstance(spec, Source) else {}
    request = {"source": spec} | before | {k: v for k, v in asked.items() if v is not None}
    source = replace(spec) if isinstance(spec, Source) else _open(spec, extensions)
    source.columns = dict(source.columns)
    if len(source) == 0:
        raise ValueError(f"the source {spec} is empty")
    if isinstance(labels, str | os.PathLike):
        source = _with_table(source, labels)
    elif labels is not None:
        source.columns["label"] = _one_each(labels, len(source))
    elif label_column == "folder":
        source.columns |= _folder_columns(source)
        label_column = "label"
    source.request = request
    return _choose(source, label_column, split_column, labels)


def _open(spec, extensions):
    if isinstance(spec, list | tuple) and names_paths(spec, of_texts=".txt" in extensions):
        return _files(*join([_open(path, extensions) for path in spec]))
    if isinstance(spec, np.ndarray | list | tuple):
        return _rows(spec)
    if not isinstance(spec, str | os.PathLike):
        raise ValueError(
            f"the source {spec!r} is neither a path, a glob, an array, nor a list of arrays or str"
        )
    spec = os.fspath(spec)
    if spec.startswith("builtin:"):
        return _open_builtin(spec, extensions)
    path = Path(spec).expanduser()
    if path.is_dir():
        return _open_folder(path, extensions)
    if path.is_file():
        return _open_file(path, extensions)
    if glob.has_magic(spec):
        return _open_glob(path, extensions)
    raise ValueError(
        f"the source {spec} does not exist (working folder {os.getcwd()}): give a folder, file, "
        f"glob, or {', '.join('builtin:' + name for name in _BUILTIN)}"
    )


def _rows(data, columns=None, sample_rate=None):
    columns = columns or {}
    read = arrays.array_reader(data)
    names = columns.get("name", [f"row {i}" for i in range(len(data))])
    return Source(list(names), read, columns=columns, sample_rate=sample_rate)


def _open_builtin(spec, extensions):
    name = spec.removeprefix("builtin:")
    if name not in _BUILTIN:
        raise ValueError(f"{spec} does not exist: the built-in data are {', '.join(_BUILTIN)}")
    if _BUILTIN[name] not in extensions:
        raise ValueError(f"{spec} has no data for a recipe that reads {', '.join(extensions)}")
    data, columns, sample_rate = _make_builtin(name)
    return _rows(data, dict(columns or {}), sample_rate)


@functools.cache
def _make_builtin(name):
    """Makes built-in data once: a run opens its source for training, probe and report."""
    return importlib.import_module(f"mmssl.pipelines.sources.builtin_{name}").make()


def _open_folder(folder, extensions):
    found = sorted(_walk(folder))
    files = [f for f in found if f.suffix.lower() in extensions]
    if files:
        return _files(files, folder)
    records = [f for f in found if f.suffix == ".tfrecord"]
    if records:
        return _open_shards(records)
    if any(idx.is_idx(f) for f in folder.iterdir()):
        return _rows(*idx.read_images(folder))
    kinds = Counter(f.suffix.lower() or f.name for f in found).most_common(8)
    raise ValueError(
        f"no file with an extension {', '.join(extensions)} under {folder}; found "
        f"{', '.join(f'{count} {kind}' for kind, count in kinds) or 'nothing'}"
    )


def _walk(folder):
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent, name) for name in names if not name.startswith("."))


def _open_file(path, extensions):
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _rows(*arrays.read_archive(path))
    if suffix == ".tfrecord":
        return _open_shards([path])
    if idx.is_idx(path):
        return _rows(*idx.read_images(path))
    if suffix in extensions:
        return _files([path], path.parent)
    if suffix in tables.TABLES:
        return _open_table(path, extensions)
    raise ValueError(
        f"{path} is not a file that this recipe reads: it reads {', '.join(extensions)}, folders "
        "and globs of them, .tfrecord, .npz, .tsv and .jsonl"
    )


def _open_glob(pattern, extensions):
    found = sorted(Path(f) for f in glob.glob(str(pattern), recursive=True) if os.path.isfile(f))
    if found and all(f.suffix == ".tfrecord" for f in found):
        return _open_shards(found)
    files = [f for f in found if f.suffix.lower() in extensions]
    if not files:
        raise ValueError(
            f"the glob {pattern} matches {len(found)} files, none of them with an extension "
            f"{', '.join(extensions)}"
        )
    fixed = next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))
    return _files(files, fixed)


def _open_shards(paths):
    names, read, columns = shards.read_shards(paths)
    return Source(list(columns.get("name", names)), read, columns=columns)


def _open_table(path, extensions):
    columns = tables.read_table(path)
    if "text" in columns and ".txt" in extensions:
        names = [f"line {i + 2}" for i in range(len(columns["text"]))]
        return Source(names, arrays.array_reader(columns.pop("text")), columns=columns)
    if "file" not in columns:
        raise ValueError(f"{path} has the columns {', '.join(columns)}: expected a column `file`")
    files = [path.parent / name for name in columns["file"]]
    wrong = [f.name for f in files if f.suffix.lower() not in extensions]
    missing = [str(f) for f in files if not f.is_file()]
    if wrong:
        raise ValueError(
            f"{path} lists files without an extension {', '.join(extensions)}: "
            f"{tables.listed(wrong)}"
        )
    if missing:
        raise ValueError(f"{path} lists {len(missing)} missing files: {tables.listed(missing)}")
    return _files(files, path.parent, columns)


def _files(files, root, columns=None):
    names = [Path(os.path.relpath(f, root)).as_posix() for f in files]
    paths = arrays.host([str(f) for f in files])
    return Source(
        names,
        lambda i: tf.io.read_file(tf.gather(paths, i)),
        columns=columns or {},
        root=Path(root),
    )


def _with_table(source, path):
    columns = tables.read_table(path)
    if "file" not in columns:
        raise ValueError(f"{path} has the columns {', '.join(columns)}: expected a column `file`")
    rows = tables.match_files(path, columns["file"], source.names, source.root)
    named = rows >= 0
    source = source.select(named)
    source.columns |= {name: column[rows[named]] for name, column in columns.items()}
    return source


def _one_each(labels, count):
    labels = np.asarray(labels).astype(str)
    if labels.shape != (count,):
        raise ValueError(
            f"labels has shape {labels.shape} for {count} items: expected one label per item"
        )
    return labels


def _folder_columns(source):
    parts = [Path(name).parts for name in source.names]
    flat = [name for name, part in zip(source.names, parts, strict=True) if len(part) < 2]
    if source.root is None or flat:
        raise ValueError(
            "label_column='folder' needs one folder per class under the source folder; "
            f"not in such a folder: {tables.listed(flat) or 'the items, which are not files'}"
        )
    columns = {"label": np.array([part[-2] for part in parts])}
    first = np.array([part[0] for part in parts])
    if all(len(part) > 2 for part in parts) and set(first) <= _SPLITS:
        columns["split"] = first
    return columns


def _choose(source, label_column, split_column, labels):
    must = label_column is not None or isinstance(labels, str | os.PathLike)
    source.labels = _column(source, label_column or "label", "label_column", must)
    source.splits = _column(source, split_column or "split", "split_column", bool(split_column))
    return source


def _column(source, name, argument, must):
    if name not in source.columns and must:
        raise ValueError(
            f"there is no column {name!r}: set {argument} to one of "
            f"{', '.join(source.columns) or '(the source has no columns; give labels=<table>)'}"
        )
    return source.columns.get(name)
