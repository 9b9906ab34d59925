"""What a source may be: a folder, a glob, shards, archives, tables, arrays or built-in data."""

import functools
import glob
import importlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources import arrays, finding, idx, places, shards, tables
from mmssl.pipelines.sources.extensions import IMAGE_EXTENSIONS
from mmssl.pipelines.sources.file_tables import listed_files
from mmssl.pipelines.sources.frame_folders import frame_folders
from mmssl.pipelines.sources.joined import join, names_paths
from mmssl.pipelines.sources.shard_index import is_prepared
from mmssl.pipelines.sources.source import Source

# The extension of a file of the same modality, so that an audio recipe rejects builtin:docs.
_BUILTIN = {
    "docs": ".txt",
    "motion": ".mp4",
    "photos": ".png",
    "shapes": ".png",
    "speech": ".wav",
}


def open_kind(spec, extensions):
    """Opens a source as what it is given as, with all columns that it has.

    Args:
        spec: see `open_source`, but for a Source.
        extensions: see `open_source`.

    Returns:
        Source without labels and splits; empty where the data are.

    Raises:
        ValueError: there is nothing of a kind that can be read.
    """
    if isinstance(spec, list | tuple) and names_paths(spec, of_texts=".txt" in extensions):
        parts = [open_kind(path, extensions) for path in spec]
        left_out = [one for part in parts for one in part.left_out]
        return replace(files_source(*join(parts)), left_out=left_out)
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
            "read from this machine; `mmssl prepare` writes shards of them there"
        )
    return _open_shards(paths)


def _open_prepared(folder):
    index, read, reread = shards.read_prepared(folder)
    return Source(
        index.names,
        read,
        reread=reread,
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
        return replace(files_source(files, folder), left_out=left_out)
    folders, beside = frame_folders(found, folder) if ".mp4" in extensions else ({}, [])
    if folders:
        left_out += beside + finding.unread(found, folder, IMAGE_EXTENSIONS)
        return replace(_frames(folders, folder), left_out=left_out)
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
        return files_source([path], path.parent)
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
    return replace(files_source(files, fixed), left_out=left_out)


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
    return files_source(listed_files(path, columns["file"], extensions), path.parent, columns)


def files_source(files, root, columns=None):
    """Returns a Source of files, named by their paths below a root.

    Args:
        files: list of pathlib.Path.
        root: pathlib.Path of the folder that the names are relative to.
        columns: see `Source`; None for none.
    """
    names = [Path(os.path.relpath(f, root)).as_posix() for f in files]
    paths = arrays.host([os.fsencode(f) for f in files])
    return Source(
        names,
        lambda i: tf.io.read_file(tf.gather(paths, i)),
        columns=columns or {},
        root=Path(root),
    )


def _frames(folders, root):
    """A source of videos, of which each is a folder of frames: its items are lists of paths."""
    paths = arrays.host([os.fsencode(f) for files in folders.values() for f in files])
    splits = arrays.host(np.cumsum([0, *map(len, folders.values())]))

    def read(index):
        return paths[splits[index] : splits[index + 1]]

    names = [folder.relative_to(root).as_posix() for folder in folders]
    return Source(names, read, root=Path(root))
