"""Arrays of any shape, concatenated in one tensor, and the NumPy archives they come from."""

import math
from pathlib import Path

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources.archives import rate_of, read_arrays
from mmssl.pipelines.sources.labels import as_labels

_DATA_NAMES = ("x", "images", "waveform", "waveforms", "text", "data")
_LABEL_NAMES = ("y", "labels", "label")


def host(values):
    """Returns `values` as a tensor in host memory, where tf.data runs, even if there is a GPU."""
    with tf.device("CPU:0"):
        return tf.constant(values)


def held(values):
    """Returns an array as a variable in host memory, of which datasets make no copies.

    Args:
        values: array of numbers. What is mapped from a file stays there; anything else is copied.
    """
    if isinstance(values, np.memmap):
        values = tf.experimental.dlpack.from_dlpack(values.__dlpack__())
    with tf.device("CPU:0"):
        # tf.data copies a tensor for every iterator of a dataset that reads it.
        return tf.Variable(values, trainable=False)


def taken(variable, indices):
    """Gathers rows of what is `held`; see `tf.gather`.

    Args:
        variable: tf.Variable that `held` returned.
        indices: int64 tensor.
    """
    # A gather from the variable itself would first copy all of it out of its file into memory.
    return tf.gather(variable.value(), indices)


def viewed(variable):
    """Returns what is `held` as a NumPy array of the same memory, of which nothing is copied."""
    return np.asarray(variable.value())


class Flat:
    """Arrays of one rank and any shape, concatenated in one tensor: reading one is a slice.

    Args:
        values: array (total elements,), the concatenated elements of the arrays; see `held`.
        shapes: int array (N, rank), the shape of each array; rank is 1 or more.

    Attributes:
        values: tf.Variable (total elements,), the concatenated elements.
        offsets: int64 tensor (N + 1,), the offset of each array in `values`, and its size.
        shapes: int64 tensor (N, rank).
    """

    def __init__(self, values, shapes):
        self.rank = shapes.shape[1]
        self.offsets = host(np.concatenate([[0], np.cumsum(shapes.prod(axis=1, dtype=np.int64))]))
        self.shapes = host(shapes.astype(np.int64))
        self.values = held(values)

    @classmethod
    def of(cls, arrays):
        """Flattens a list of arrays of one dtype and rank, or an array (N, ...) of N of them."""
        if isinstance(arrays, np.ndarray):
            return cls(arrays.reshape(-1), np.tile(arrays.shape[1:], (len(arrays), 1)))
        values = np.concatenate([array.reshape(-1) for array in arrays])
        return cls(values, np.array([array.shape for array in arrays]))

    def __getitem__(self, index):
        """Returns the array at `index` (int64 scalar tensor), with a static rank."""
        begin, end = self.offsets[index], self.offsets[index + 1]
        array = tf.reshape(self.values[begin:end], self.shapes[index])
        return tf.ensure_shape(array, [None] * self.rank)


def array_reader(arrays):
    """Returns `read(index)` for a NumPy array, a list of arrays, or a list of str.

    Args:
        arrays: array (N, ...) of numbers or str; or a list of N arrays of one rank; or of N str, in
            which None and NaN read as "".

    Returns:
        A function of an int64 scalar tensor.

    Raises:
        ValueError: when the list is empty, mixes ranks or dtypes, or holds anything else.
    """
    if len(arrays) == 0:
        raise ValueError("the source is an empty list: give at least one item")
    if isinstance(arrays[0], str):
        strings = host([_encoded(i, text) for i, text in enumerate(arrays)])
        return lambda index: tf.gather(strings, index)
    if not isinstance(arrays, np.ndarray):
        arrays = _same_kind([np.asarray(array) for array in arrays])
    if arrays[0].dtype.kind not in "uif" or arrays[0].ndim == 0:
        raise ValueError(
            f"the source holds items of type {arrays[0].dtype} and shape {arrays[0].shape}: "
            "give arrays of integers or floats with at least one axis, or a list of str"
        )
    flat = Flat.of(arrays)
    return lambda index: flat[index]


def text_reader(texts):
    """Returns `read(index)` for the texts of a table, which it reads from its file.

    Args:
        texts: TableTexts.
    """

    def read(index):
        text = tf.numpy_function(texts.encoded, [index], tf.string, stateful=False)
        return tf.ensure_shape(text, [])

    return read


def _encoded(index, text):
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass")  # half of a pair: invalid, and seen as such
    if text is None or (isinstance(text, float) and math.isnan(text)):
        return b""
    raise ValueError(
        f"item {index} of the source is of type {type(text).__name__}, the first is a str: give a "
        "list of str"
    )


def _same_kind(arrays):
    kinds = {(array.ndim, array.dtype) for array in arrays}
    if len(kinds) > 1:
        found = ", ".join(sorted(f"{dtype} with {rank} axes" for rank, dtype in kinds))
        raise ValueError(
            f"the source mixes arrays of different ranks or dtypes ({found}): give one of them"
        )
    return arrays


def read_archive(path):
    """Reads a NumPy archive with `x` and `y`, or `x_train`, `y_train`, `x_test`, `y_test`.

    Args:
        path: `.npz` file. The data are named x, images, waveform, waveforms, text or data, the
            labels y, labels or label, both with or without the suffixes _train, _val and _test.
            Pickled (object) arrays are not loaded. An integer `sample_rate` is returned.

    Returns:
        (array (N, ...), dict of str arrays (N,) `label` and `split` where given, sample rate or
        None).

    Raises:
        ValueError: when the archive has none of these names, or lengths differ.
    """
    arrays = read_arrays(path)
    parts = [part for ending in ("", "_train", "_val", "_test") if (part := _part(arrays, ending))]
    if not parts:
        raise ValueError(
            f"{path} holds {', '.join(arrays) or 'nothing'}; expected an array named "
            f"{', '.join(_DATA_NAMES)} (or x_train, x_test)"
        )
    return (*_join_parts(path, parts), rate_of(path, arrays))


def _part(arrays, ending):
    data = next((arrays[n + ending] for n in _DATA_NAMES if n + ending in arrays), None)
    labels = next((arrays[n + ending] for n in _LABEL_NAMES if n + ending in arrays), None)
    return None if data is None else (data, labels, ending.lstrip("_"))


def _labels(data, labels):
    return np.full(len(data), "") if labels is None else as_labels(np.ravel(labels))


def _join_parts(path, parts):
    for data, labels, _ in parts:
        if data.ndim == 0 or data.shape[1:] != parts[0][0].shape[1:]:
            shapes = " and ".join(str(part.shape) for part, _, _ in parts)
            raise ValueError(
                f"{Path(path).name} holds data of shape {shapes}: expected an axis of items, and "
                "items of one shape"
            )
        if labels is not None and labels.shape not in ((len(data),), (len(data), 1)):
            counted = f"{len(labels)} labels" if labels.ndim == 1 else f"labels {labels.shape}"
            raise ValueError(f"{Path(path).name} holds {len(data)} items and {counted}")
    columns = {}
    if any(labels is not None for _, labels, _ in parts):
        columns["label"] = np.concatenate([_labels(data, labels) for data, labels, _ in parts])
    if all(split for _, _, split in parts):
        columns["split"] = np.concatenate([np.full(len(data), split) for data, _, split in parts])
    return np.concatenate([data for data, _, _ in parts]), columns
