"""Labels of items, from a sequence or from the names of folders."""

from pathlib import Path

import numpy as np

from mmssl.pipelines.sources.tables import listed

VALIDATION = ("val", "dev", "valid", "validation")  # names of one split
_SPLIT_FOLDERS = {"train", "test", *VALIDATION}


def as_labels(values, count=None):
    """Turns labels of any type into str; None, NaN and masked entries into "", which is no label.

    Args:
        values: sequence or array (N,) of str, bytes, numbers, None or NaN.
        count: N; None takes any.

    Returns:
        Array (N,) of str.

    Raises:
        ValueError: when the shape is not (count,).
    """
    if not isinstance(values, np.ndarray):
        values = np.asarray(values, object)  # with another type, None and NaN would turn into str
    if count is not None and values.shape != (count,):
        raise ValueError(
            f"labels has shape {values.shape} for {count} items: expected one label per item"
        )
    if values.dtype.kind in "OS":
        return np.array([_label(value) for value in values.tolist()], str)
    missing = np.ma.getmaskarray(values) | (values != values)  # NaN is not itself
    return np.where(missing, "", np.ma.getdata(values).astype(str))


def _label(value):
    if value is None or (isinstance(value, float) and value != value) or str(value) == "<NA>":
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value).strip()


def folder_columns(names, are_paths):
    """Takes the name of each file's folder as its label, and that of its top folder as its split.

    Args:
        names: sequence of str, paths relative to the source folder.
        are_paths: bool, whether they are; False if items are not files.

    Returns:
        Dict of str arrays: `label`; `split` if all top folders are named train, test or val.

    Raises:
        ValueError: when there are files in no such folder.
    """
    parts = [Path(name).parts for name in names]
    flat = [name for name, part in zip(names, parts, strict=True) if len(part) < 2]
    if not are_paths or flat:
        raise ValueError(
            "label_column='folder' needs one folder per class under the source folder; "
            f"not in such a folder: {listed(flat) or 'the items, which are not files'}"
        )
    columns = {"label": np.array([part[-2] for part in parts])}
    first = np.array([part[0] for part in parts])
    if all(len(part) > 2 for part in parts) and set(first) <= _SPLIT_FOLDERS:
        columns["split"] = first
    return columns
