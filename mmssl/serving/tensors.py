"""Arrays and the JSON that stands for them in TensorFlow Serving's REST API."""

import base64
import binascii
from dataclasses import dataclass
from itertools import chain

import numpy as np

from mmssl.serving.errors import invalid

_SHOWN = 60  # characters of a wrong value that an error repeats
_PYTHON_TYPES = {"f": {int, float}, "i": {int}, "u": {int}, "b": {bool}, "O": {str, dict}}


@dataclass(frozen=True)
class Spec:
    """What a signature says of one of its tensors.

    Attributes:
        dtype: np.dtype; object for strings, whose elements are bytes.
        shape: tuple with None for a size that is open; None where the rank is open.
    """

    dtype: np.dtype
    shape: tuple | None

    @property
    def text(self):
        """str, the name of the dtype in messages."""
        return "string" if self.dtype == object else self.dtype.name


def array_from(value, spec, name):
    """Makes an array of the JSON value of a tensor.

    Args:
        value: number, str, bool, `{"b64": ...}`, or nested lists of them.
        spec: Spec.
        name: str, of the tensor, for messages.

    Returns:
        Array of the spec's dtype. An empty list has the open sizes of the spec as zeros.

    Raises:
        RefusedError: lists of one level differ in length, or a value is of another type.
    """
    shape, leaves = _flattened(value, name)
    if 0 in shape and spec.shape is not None:
        shape = [*shape, *(size or 0 for size in spec.shape[len(shape) :])]
    return _typed(leaves, spec, name).reshape(shape)


def check_shape(array, spec, name):
    """Checks an array against the shape of its spec.

    Raises:
        RefusedError: rank or a fixed size differs.
    """
    if spec.shape is None:
        return
    fits = array.ndim == len(spec.shape) and all(
        wanted in (None, size) for wanted, size in zip(spec.shape, array.shape, strict=True)
    )
    if not fits:
        shown = ", ".join("?" if size is None else str(size) for size in spec.shape)
        raise invalid(f"{name} has the shape {list(array.shape)}; it takes [{shown}].")


def jsonable(array, binary):
    """Returns what stands for an array of strings in JSON.

    Args:
        array: object array of bytes.
        binary: whether to encode them in base64.

    Raises:
        RefusedError: text that is not UTF-8 and not marked as binary.
    """
    return _text(array.tolist(), binary)


def _text(data, binary):
    if isinstance(data, list):
        return [_text(entry, binary) for entry in data]
    if binary:
        return {"b64": base64.b64encode(data).decode("ascii")}
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise invalid(
            "An output of bytes is not UTF-8, and its name does not end in _bytes."
        ) from None


def _flattened(value, name):
    """Returns the shape of nested lists, and what is in them."""
    shape, level = [], [value]
    while list in set(map(type, level)):
        lengths = {len(entry) if isinstance(entry, list) else None for entry in level}
        if len(lengths) > 1:
            raise invalid(f"{name} has lists of different lengths or depths at level {len(shape)}.")
        shape.append(lengths.pop())
        level = list(chain.from_iterable(level))
    return shape, level


def _typed(leaves, spec, name):
    allowed = _PYTHON_TYPES.get(spec.dtype.kind, set())
    if not set(map(type, leaves)) <= allowed:
        wrong = next(leaf for leaf in leaves if type(leaf) not in allowed)
        raise invalid(f"{name}: JSON Value: {_short(wrong)} is not of expected type: {spec.text}")
    if spec.dtype == object:
        strings = np.empty(len(leaves), object)
        strings[:] = [_bytes(leaf, name) for leaf in leaves]
        return strings
    return _number(leaves, spec, name)


def _number(leaves, spec, name):
    try:
        wide = np.array(leaves, "float64" if spec.dtype.kind == "f" else None)
        with np.errstate(over="ignore"):
            array = wide.astype(spec.dtype)
    except OverflowError:
        raise invalid(f"{name} has a number that does not fit {spec.text}.") from None
    lost = np.isinf(array) & ~np.isinf(wide) if spec.dtype.kind == "f" else array != wide
    if np.any(lost):
        value = wide[np.argmax(lost)]
        raise invalid(f"{name}: Cannot convert JSON value: {value} to {spec.text}")
    return array


def _bytes(leaf, name):
    if isinstance(leaf, str):
        return leaf.encode("utf-8", "surrogatepass")
    if set(leaf) != {"b64"} or not isinstance(leaf["b64"], str):
        raise invalid(f"{name}: JSON Value: {_short(leaf)} not formatted correctly for base64 data")
    try:
        return base64.b64decode(leaf["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"{name}: Unable to base64 decode {_short(leaf['b64'])}") from None


def _short(value):
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
