"""Saving and restoring everything that the next step depends on."""

import contextlib
import json
import os
import re
from functools import partial

import numpy as np

from mmssl.files import atomic_write
from mmssl.reading import check_regular

LAST = "last.npz"
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of an object that NumPy names
BEFORE = "before.npz"  # what the last one has replaced
_ARCHIVE_END = 22  # bytes of the last record of a zip archive; two of them are its number of files
_MANY = 0xFFFF  # in place of a number that these do not hold
_WITHOUT = {
    True: "Without it encoder.keras can still be used if the run has ended; or delete it, and the "
    "same `mmssl pretrain` command begins anew.",
    False: "The run goes on without it, and the other steps that are kept can be used.",
}


def state_variables(model):
    """Lists what changes during training: weights first, random states, optimizer, metrics."""
    variables = [
        *model.weights,
        *model.variables,
        *model.optimizer.variables,
        *model.metrics_variables,
    ]
    return list({id(variable): variable for variable in variables}.values())


class DamagedError(ValueError):
    """A checkpoint cannot be read."""


def save_state(path, model, position, more=(), run=None):
    """Writes a checkpoint atomically.

    The state is copied before this returns; what follows does not change what is written.

    Args:
        path: file to write, `.npz`.
        model: compiled keras.Model.
        position: dict of JSON values that tell how far the run has come.
        more: further variables, such as those of an online probe.
        run: function that is given the writing, a function without arguments, to call it now or
            in another thread, such as a `Background`; None writes before this returns.
    """
    variables = [*state_variables(model), *more]
    arrays = {f"variable_{i}": v.numpy() for i, v in enumerate(variables)}
    write = partial(_write, path, position, arrays)
    write() if run is None else run(write)


def _write(path, position, arrays):
    with atomic_write(path) as beside:
        np.savez(beside, position=json.dumps(position), **arrays)


def load_state(path, model, more=()):
    """Restores a checkpoint into a model built and compiled like the one that wrote it.

    Args:
        path: file written by `save_state`.
        model: compiled keras.Model.
        more: further variables, as `save_state` was given them.

    Returns:
        dict, the position.

    Raises:
        ValueError: the checkpoint is damaged or belongs to another model.
    """
    arrays, position = _read(path)
    _assign(path, arrays, [*state_variables(model), *more], exact=True)
    return position


def read_position(path):
    """Returns the position in a checkpoint, a dict; see `save_state`."""
    with _opened(path) as archive:
        return _position(archive)


def check_state(path):
    """Reads a checkpoint through, against its checksums.

    Args:
        path: file written by `save_state`.

    Raises:
        DamagedError: it is damaged.
    """
    with _opened(path) as archive:
        for i in range(len(archive.files) - 1):
            archive[f"variable_{i}"]
        json.loads(str(archive["position"]))


def load_weights(path, model):
    """Restores only the weights of a checkpoint.

    Args:
        path: file written by `save_state`.
        model: keras.Model built like the one that wrote it; it need not be compiled.

    Raises:
        ValueError: the checkpoint is damaged or belongs to another model.
    """
    arrays, _ = _read(path)
    _assign(path, arrays, model.weights, exact=False)


def _read(path):
    with _opened(path) as archive:
        arrays = [archive[f"variable_{i}"] for i in range(len(archive.files) - 1)]
        # NumPy returns the bytes of what does not begin as an array.
        if not all(isinstance(array, np.ndarray) for array in arrays):
            raise ValueError("an entry of it is no array")
        return arrays, _position(archive)


def _position(archive):
    position = json.loads(str(archive["position"]))
    if not isinstance(position, dict):
        raise ValueError("its position is no JSON object")
    return position


@contextlib.contextmanager
def _opened(path):
    """Opens a checkpoint; whatever is raised inside the block is a damage of the file."""
    check_regular(path)
    if not path.exists():
        raise ValueError(
            f"{path} is missing: without it a run gives its encoder, but not its method."
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            _check_count(path, len(archive.files))
            yield archive
    except Exception as error:  # what a damaged archive raises is without number
        reason = " ".join(_ADDRESS.sub("", str(error)).split()) or type(error).__name__
        raise DamagedError(
            f"{path} is damaged ({reason}): restore it from a copy. {_WITHOUT[path.name == LAST]}"
        ) from None


def _check_count(path, found):
    """Compares the number of arrays with that at the end of the archive, which NumPy ignores.

    Where the length of one entry of its directory is wrong, the next is taken for a part of it.
    """
    with open(path, "rb") as file:
        file.seek(-_ARCHIVE_END, os.SEEK_END)
        told = int.from_bytes(file.read()[10:12], "little")
    if told not in (found, _MANY):
        raise ValueError(f"it holds {found} of {told} arrays")


def _assign(path, arrays, variables, exact):
    enough = len(arrays) == len(variables) if exact else len(arrays) >= len(variables)
    pairs = list(zip(variables, arrays, strict=False))
    fits = all(tuple(v.shape) == array.shape and array.dtype.kind != "U" for v, array in pairs)
    if not enough or not fits:
        raise ValueError(
            f"{path} does not fit this model: it was written with another configuration or "
            "version. Use a new run folder."
        )
    for variable, array in pairs:
        variable.assign(array)
