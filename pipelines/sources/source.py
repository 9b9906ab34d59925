"""Data sources: a folder, a glob, shards, archives, tables, arrays or built-in data."""

import functools
import glob
import hashlib
import importlib
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources import arrays, finding, idx, places, shards, tables
from mmssl.pipelines.sources.file_tables import listed_files
from mmssl.pipelines.sources.joined import join, names_paths
from mmssl.pipelines.sources.labels import as_labels, folder_columns
from mmssl.pipelines.sources.shard_index import ShardIndex, is_prepared
from mmssl.pipelines.sources.strings import Strings

logger = logging.getLogger(__name__)

# The extension of a file of the same modality, so that an audio recipe rejects builtin:docs.
_BUILTIN = {"docs": ".txt", "photos": ".png", "speech": ".wav"}


@dataclass(eq=False)
class Source:
    """Items that can be read by index, with their names, labels and other columns.

    Attributes:
        names: list of str or `Strings`, one per item: path relative to the source folder, the
            source's column `name`, or its position: "row 12", "line 12" of a table,
            "part-0.tfrecord:12".
        read: int64 scalar tensor -> encoded file or text (string scalar), or a numeric array.
            Works inside a graph.
        labels: array (N,) of str, "" for items without one; or None.
        splits: array (N,) of str such as "train", "test", "val", "" for items without one; or None.
        columns: all columns of the source or of its label table: name -> array (N,) of str, or
            `Strings`.
        root: folder that `names` are relative to; None if items are not files.
        files: paths of the files that hold the items, if each holds several.
        index: ShardIndex of prepared shards; None for anything else.
        content: the data, if they are in memory: an array, a list, or the name of built-in data.
        chosen: int64 array (N,), the positions of a subset's items in the source that was opened;
            None for all.
        sample_rate: of decoded waveforms in hertz; None if unknown or if items are files.
        left_out: list of (name, reason), what lies beside the items and is not read.
        request: the arguments that `open_source` was called with, by name; empty for a subset.
    """

    names: Sequence[str]
    read: Callable[[tf.Tensor], tf.Tensor]
    labels: np.ndarray | None = None
    splits: np.ndarray | None = None
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    root: Path | None = None
    files: tuple[Path | str, ...] = ()
    index: ShardIndex | None = None
    content: Any = None
    chosen: np.ndarray | None = None
    sample_rate: int | None = None
    left_out: list[tuple[str, str]] = field(default_factory=list)
    request: dict[str, Any] = field(default_factory=dict)

    def __len__(self):
        return len(self.names)

    @property
    def has_paths(self):
        """Whether the names are paths in a folder, even of what now lies in prepared shards."""
        return self.root is not None or bool(self.index and self.index.manifest["paths"])

    def shards_of(self, indices):
        """Returns the number of the prepared shard that holds each item.

        Args:
            indices: int64 array (M,).

        Returns:
            int64 array (M,).
        """
        items = indices if self.chosen is None else self.chosen[indices]
        return np.searchsorted(self.index.starts[1:], items, side="right")

    def shards_together(self):
        """Returns how many shards are at hand at a time; 0 where all are, or there are none."""
        return 0 if self.index is None else self.index.together

    def located(self, index, reason):
        """Returns the reason why an item cannot be read, with its shard where it lies in one."""
        if self.index is None:
            return reason
        [shard] = self.shards_of(np.array([index]))
        return f"{reason}, in {self.index.paths[shard]}"

    def select(self, indices):
        """Returns a view of a subset of the items, in the order given.

        Args:
            indices: ints (M,), or bools (N,).
        """
        indices = np.asarray(indices)
        indices = np.flatnonzero(indices) if indices.dtype == bool else indices.astype(np.int64)
        chosen, read = arrays.host(indices.reshape(-1)), self.read
        return Source(
            names=_chosen(self.names, indices),
            read=lambda index: read(tf.gather(chosen, index)),
            labels=None if self.labels is None else self.labels[indices],
            splits=None if self.splits is None else self.splits[indices],
            columns={name: column[indices] for name, column in self.columns.items()},
            root=self.root,
            files=self.files,
            index=self.index,
            content=self.content,
            chosen=indices if self.chosen is None else self.chosen[indices],
            sample_rate=self.sample_rate,
            left_out=self.left_out,
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
        if isinstance(self.names, Strings):
            return self.names.fingerprint()[:16]
        return hashlib.sha256("\n".join(self.names).encode()).hexdigest()[:16]


def _chosen(names, indices):
    return names[indices] if isinstance(names, Strings) else [names[i] for i in indices]


def open_source(spec, extensions, labels=None, label_column=None, split_column=None):
    """Opens a source; nothing is decoded yet.

    Args:
        spec: one of
            a folder, searched recursively, in sorted order (of encoded files, IDX or shards), or
            one of prepared shards, also of a remote file system, such as "gs://bucket/shards";
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
            one label per item, in which None and NaN stand for no label.
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
        source.columns["label"] = as_labels(labels, len(source))
    elif label_column == "folder":
        source.columns |= folder_columns(source.names, source.has_paths)
        label_column = "label"
    source.request = request
    for sentence in finding.describe(source.left_out):
        logger.warning("%s", sentence)
    return _choose(source, label_column, split_column, labels)


def _open(spec, extensions):
    if isinstance(spec, list | tuple) and names_paths(spec, of_texts=".txt" in extensions):
        parts = [_open(path, extensions) for path in spec]
        left_out = [one for part in parts for one in part.left_out]
        return replace(_files(*join(parts)), left_out=left_out)
    if isinstance(spec, np.ndarray | list | tuple):
        return replace(_rows(spec), content=spec)
    if not isinstance(spec, str | os.PathLike):
        raise ValueError(
            f"the source {spec!r} is neither a path, a glob, an array, nor a list of arrays or str"
        )
    spec = os.fspath(spec)
    if spec.startswith("builtin:"):
        return _open_builtin(spec, extensions)
    if places.is_remote(spec):
        return _open_remote(spec)
    path = Path(spec).expanduser()
    if is_prepared(path):
        return _open_prepared(path)
    if path.is_dir():
        return _open_folder(path, extensions)
    if path.is_file():
        return _open_file(path, extensions)
    if path.exists():
        raise ValueError(f"the source {spec} is {finding.SPECIAL}: give a file or a folder")
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
    return replace(_rows(data, dict(columns or {}), sample_rate), content=spec)


@functools.cache
def _make_builtin(name):
    """Makes built-in data once: a run opens its source for training, probe and report."""
    return importlib.import_module(f"mmssl.pipelines.sources.builtin_{name}").make()


def _open_remote(spec):
    if is_prepared(spec):
        return _open_prepared(spec)
    names = [name for name in places.names_in(spec) if name.endswith(".tfrecord")]
    paths = [places.inside(spec, name) for name in names]
    if spec.endswith(".tfrecord") and places.exists(spec):
        paths = [spec]
    if not paths:
        raise ValueError(
            f"the source {spec} is neither a folder of TFRecord shards nor one: other files are "
            "read from this machine, see `mmssl prepare`"
        )
    return _open_shards(paths)


def _open_prepared(folder):
    index, read = shards.read_prepared(folder)
    return Source(
        index.names,
        read,
        columns=dict(index.columns),
        files=tuple(index.paths),
        index=index,
        sample_rate=index.manifest["sample_rate"],
        left_out=[tuple(one) for one in index.manifest["left_out"]],
    )


def _open_folder(folder, extensions):
    found, left_out = finding.find(folder, extensions)
    files = [f for f in found if f.suffix.lower() in extensions]
    if files:
        left_out += finding.unread(found, folder, extensions)
        return replace(_files(files, folder), left_out=left_out)
    records = [f for f in found if f.suffix == ".tfrecord"]
    if records:
        left_out += finding.unread(found, folder, (".tfrecord",))
        return replace(_open_shards(records), left_out=left_out)
    if any(idx.is_idx(f) for f in found if f.parent == folder):
        held = tuple(f for f in found if idx.is_idx(f))
        return replace(_rows(*idx.read_images(folder)), files=held)
    raise ValueError(
        f"no file with an extension {', '.join(extensions)} under {folder}; found "
        f"{'; '.join([finding.kinds(found), *finding.describe(left_out)])}"
    )


def _open_file(path, extensions):
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return replace(_rows(*arrays.read_archive(path)), files=(path,))
    if suffix == ".tfrecord":
        return _open_shards([path])
    if idx.is_idx(path):
        return replace(_rows(*idx.read_images(path)), files=(path,))
    if suffix in extensions:
        return _files([path], path.parent)
    if suffix in tables.TABLES:
        return _open_table(path, extensions)
    raise ValueError(
        f"{path} is not a file that this recipe reads: it reads {', '.join(extensions)}, folders "
        "and globs of them, .tfrecord, .npz, .tsv and .jsonl"
    )


def _open_glob(pattern, extensions):
    fixed = next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))
    found, left_out = finding.find(fixed, extensions, pattern.relative_to(fixed).parts)
    if found and all(f.suffix == ".tfrecord" for f in found):
        return _open_shards(found)
    files = [f for f in found if f.suffix.lower() in extensions]
    if not files:
        raise ValueError(
            f"the glob {pattern} matches {len(found)} files, none of them with an extension "
            f"{'; '.join([', '.join(extensions), *finding.describe(left_out)])}"
        )
    left_out += finding.unread(found, fixed, extensions)
    return replace(_files(files, fixed), left_out=left_out)


def _open_shards(paths):
    names, read, columns = shards.read_shards(paths)
    return Source(list(columns.get("name", names)), read, columns=columns, files=tuple(paths))


def _open_table(path, extensions):
    texts = ".txt" in extensions
    columns, names = tables.read_texts(path) if texts else (tables.read_table(path), None)
    if texts and "text" in columns:
        read = arrays.text_reader(columns.pop("text"))
        return Source(names, read, columns=columns, files=(path,))
    if "file" not in columns:
        raise ValueError(f"{path} has the columns {', '.join(columns)}: expected a column `file`")
    return _files(listed_files(path, columns["file"], extensions), path.parent, columns)


def _files(files, root, columns=None):
    names = [Path(os.path.relpath(f, root)).as_posix() for f in files]
    paths = arrays.host([os.fsencode(f) for f in files])
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
    column = source.columns.get(name)
    return column.objects() if isinstance(column, Strings) else column
