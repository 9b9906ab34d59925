"""Opening of a source, with the labels and splits that are asked for."""

import logging
import os
from dataclasses import replace

from mmssl.pipelines.sources import finding, tables
from mmssl.pipelines.sources.kinds import open_kind
from mmssl.pipelines.sources.labels import as_labels, folder_columns
from mmssl.pipelines.sources.source import Source
from mmssl.pipelines.sources.strings import Strings

logger = logging.getLogger(__name__)


def open_source(spec, extensions, labels=None, label_column=None, split_column=None):
    """Opens a source; nothing is decoded yet.

    Args:
        spec: one of
            a folder, searched recursively, in sorted order (of encoded files, IDX or shards), or
            one of prepared shards, also of a remote file system, such as "gs://bucket/shards";
            where videos are read and there are none, each folder of pictures is one;
            a glob such as "clips/*.wav"; one file; a `.tfrecord` file;
            an `.npz` archive with x and y, or x_train, y_train, x_test, y_test;
            a `.tsv` or `.jsonl` table with a column `file` (relative to the table's folder) or,
            for text, `text`;
            an array (N, ...), a list of arrays, or a list of str that are not paths;
            a list or tuple of files, folders, globs and tables of files, concatenated (see
            `joined.join`);
            "builtin:speech", "builtin:photos", "builtin:shapes", "builtin:docs" or
            "builtin:motion";
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
    source = replace(spec) if isinstance(spec, Source) else open_kind(spec, extensions)
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
