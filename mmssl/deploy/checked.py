"""The export of every format: convert, run the result, compare with Keras, move into place."""

import dataclasses
import time
from pathlib import Path

import keras
import numpy as np

from mmssl.deploy.example import check_example, variants
from mmssl.deploy.precision import as_float32
from mmssl.deploy.reader import load_exported
from mmssl.deploy.signatures import input_specs
from mmssl.files import atomic_write
from mmssl.layers.gradient import automatic_gradients
from mmssl.quiet import quiet

TOLERANCE = 1e-4
_SMALLEST_SCALE = 1e-2


class ExportError(ValueError):
    """An encoder cannot be expressed in a format."""


class ExportMismatchError(ExportError):
    """An exported encoder does not compute what the Keras encoder computes."""


@dataclasses.dataclass(frozen=True)
class ExportResult:
    """The result of an export.

    Attributes:
        format: Name of the format.
        path: Path of the export.
        bytes: Total size of its files.
        max_difference: Largest absolute difference between its outputs and those of Keras.
        seconds: Time spent converting, running and comparing.
    """

    format: str
    path: Path
    bytes: int
    max_difference: float
    seconds: float


def write_checked(format, convert, encoder, path, example):
    """Exports an encoder with `convert`, and keeps the result only if it computes the same.

    Args:
        format: Name of the format, for messages.
        convert: Function of (float32 encoder, path) that writes the export to the path.
        encoder: Functional `keras.Model` with named inputs and a dict of outputs.
        path: Destination. An existing export is replaced once the new one has been checked.
        example: Dict of arrays by input name to run both on.

    Returns:
        `ExportResult`.

    Raises:
        ValueError: The example does not fit the encoder, or Keras does not run on TensorFlow.
        ExportError: The encoder cannot be converted.
        ExportMismatchError: An output differs from that of Keras by more than 1e-4 of its largest
            value.
    """
    check_backend()
    inputs = variants(encoder, check_example(encoder, example))
    started = time.perf_counter()
    model = as_float32(encoder)

    def run(written):
        embed = load_exported(written)
        return [embed(batch) for batch in inputs]

    result = keep_checked(
        format, path, lambda written: convert(model, written), run, run_keras(model, inputs)
    )
    return dataclasses.replace(result, seconds=time.perf_counter() - started)


def check_backend():
    """Raises a ValueError where Keras does not run on TensorFlow, without which none exports."""
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"Exporting needs Keras on TensorFlow, not on {keras.backend.backend()}: set "
            "KERAS_BACKEND=tensorflow and load the encoder from its .keras file."
        )


def keep_checked(format, path, convert, run, expected):
    """Writes an export atomically, and keeps it only if it computes the expected outputs.

    Args:
        format: Name of the format, for messages.
        path: Destination.
        convert: Function of a path that writes the export to it.
        run: Function of that path that runs the export and returns a list of dicts of arrays.
        expected: List of dicts of arrays, the outputs of Keras.

    Returns:
        `ExportResult`.

    Raises:
        ExportError: The export does not run.
        ExportMismatchError: An output differs by more than 1e-4 of its largest value.
    """
    started = time.perf_counter()
    with atomic_write(path) as written:
        with automatic_gradients():
            convert(written)
        pairs = zip(expected, _run_written(format, run, written), strict=True)
        difference = max(_difference(format, wanted, found) for wanted, found in pairs)
        size = _size(written)
    return ExportResult(format, Path(path), size, difference, time.perf_counter() - started)


def run_keras(model, inputs):
    """Returns the outputs of a model in a graph, a dict of arrays for each dict of `inputs`."""
    import tensorflow as tf

    embed = tf.function(lambda batch: model(batch, training=False))
    graph = embed.get_concrete_function(input_specs(model))
    # A GPU multiplies in TF32 by default, which alone would exceed the tolerance.
    with tf.device("/CPU:0"):
        tensors = [{name: tf.constant(array) for name, array in batch.items()} for batch in inputs]
        outputs = [graph(batch) for batch in tensors]
    return [{name: value.numpy() for name, value in batch.items()} for batch in outputs]


def _run_written(format, run, written):
    try:
        with quiet():  # LiteRT logs the delegate that it creates
            return run(written)
    except Exception as error:
        raise ExportError(f"The {format} export was written but does not run: {error}") from error


def _difference(format, expected, found):
    if set(expected) != set(found):
        raise ExportMismatchError(
            f"The {format} export returns {sorted(found)} instead of {sorted(expected)}."
        )
    return max(_compare(format, name, expected[name], found[name]) for name in expected)


def _compare(format, name, expected, found):
    if not np.isfinite(expected).all():
        raise ValueError(f"The encoder's {name!r} is not finite on the example; train it again.")
    if expected.shape != found.shape:
        raise ExportMismatchError(
            f"{name!r} of the {format} export has shape {found.shape}, "
            f"but {expected.shape} in Keras."
        )
    difference = float(np.max(np.abs(expected - found), initial=0.0))
    scale = float(np.max(np.abs(expected), initial=_SMALLEST_SCALE))
    # Negated, so that NaN, which compares as false, counts as a mismatch.
    if not difference <= TOLERANCE * scale:
        raise ExportMismatchError(
            f"{name!r} of the {format} export differs from Keras by {difference:.2g} on an input "
            f"of {len(expected)} examples; {TOLERANCE * scale:.2g} is allowed. It was not kept."
        )
    return difference


def _size(path):
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
