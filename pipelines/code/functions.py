"""Functions of source trees as items, and what is written about them."""

import os
import sysconfig
from pathlib import Path

import numpy as np
import tensorflow as tf

from mmssl.pipelines.code.extraction import KINDS, extract, strings
from mmssl.pipelines.code.languages import SOURCE_EXTENSIONS, versions
from mmssl.pipelines.sources import Source, finding, places
from mmssl.pipelines.sources.fingerprint import stamps
from mmssl.pipelines.sources.joined import names_paths
from mmssl.pipelines.sources.kinds import open_kind
from mmssl.pipelines.sources.prepared import prepared
from mmssl.pipelines.sources.shard_index import is_prepared

BUILTIN = "builtin:code"
_TABLES = (".tsv", ".jsonl", ".npz", ".tfrecord")
_NOT_LIBRARY = ("site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__")


def open_functions(spec):
    """Opens the functions of source files as items; nothing of the files is run.

    Files that do not parse, are not UTF-8, or are larger than 1 MiB are left out.

    Args:
        spec: folder, glob or file of code, or several; or "builtin:code", the standard library of
            the running Python, without its tests.

    Returns:
        Source of the code of all functions, without comments and documentation. Names are such as
        "json/decoder.py:345 JSONDecoder.decode". Columns: `code`, `documentation`, `package`, and
        `kind`, whether it is "taken" as an example of code and documentation, or why not.

    Raises:
        ValueError: there is no function.
    """
    root, names, left_out = _files(spec)
    files = tuple(root / name for name in names)
    key = ["functions", str(root), names, stamps(files), versions()]
    arrays = prepared(key, lambda: extract(root, names))
    bad = [tuple(line.rsplit("\t", 1)) for line in strings(arrays, "left_out")]
    if not len(arrays["kind"]):
        told = "; ".join(finding.describe(bad)) or f"{len(names)} files without any"
        raise ValueError(f"there is no function in {spec}: {told}")
    packages = np.array(_packages(names), object)
    return Source(
        strings(arrays, "name"),
        text_reader(strings(arrays, "code")),
        columns={
            "code": strings(arrays, "code"),
            "documentation": strings(arrays, "documentation"),
            "package": packages[arrays["file"]],
            "kind": np.array(KINDS, object)[arrays["kind"]],
        },
        files=files,
        left_out=[*left_out, *bad],
        request={"source": spec},
    )


def holds_files(spec):
    """Returns whether a source is one of files of code, and not of texts in a table or in memory.

    Args:
        spec: see `open_source`.
    """
    if isinstance(spec, list | tuple):
        return names_paths(spec, of_texts=True)
    if not isinstance(spec, str | os.PathLike) or places.is_remote(spec) or is_prepared(spec):
        return False
    return os.path.splitext(spec)[1].lower() not in _TABLES


def text_reader(texts):
    """Returns `read(index)` of a Source for a sequence of str."""

    def encoded(index):
        return texts[int(index)].encode("utf-8", "surrogateescape")

    def read(index):
        return tf.ensure_shape(tf.numpy_function(encoded, [index], tf.string, stateful=False), [])

    return read


def _files(spec):
    """Returns the folder, the names of the files in it, and what else there is."""
    if spec == BUILTIN:
        root = Path(sysconfig.get_path("stdlib"))
        return root, _library(root), []
    found = open_kind(spec, SOURCE_EXTENSIONS)
    if found.root is None:
        raise ValueError(f"functions are taken from files, which {spec} are not")
    return found.root, list(found.names), found.left_out


def _library(root):
    names = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _NOT_LIBRARY]
        paths = [Path(folder, name) for name in files if name.endswith(".py")]
        names += [path.relative_to(root).as_posix() for path in paths]
    return sorted(names)


def _packages(names):
    """Returns the first part of each path that tells files apart, without an ending."""
    parents = [os.path.dirname(name) for name in names]
    common = os.path.commonpath(parents) if all(parents) else ""
    parts = [os.path.relpath(name, common or ".").replace(os.sep, "/") for name in names]
    return [part.split("/")[0].removesuffix(os.path.splitext(part)[1]) for part in parts]
