"""The formats that encoders can be exported to."""

from pathlib import Path

from mmssl.deploy import litert, onnx, saved_model
from mmssl.deploy.example import example_inputs

FORMATS = {"saved_model": saved_model, "litert": litert, "onnx": onnx}
WITH_STATE = {"saved_model": saved_model, "litert": litert}


def export(encoder, path, format, example=None):
    """Exports an encoder to a deployment format, runs the export and compares it with Keras.

    Args:
        encoder: Functional `keras.Model` with named inputs and a dict of outputs, of any dtype
            policy; a mixed precision encoder is exported in float32.
        path: Folder for `saved_model`, file ending in `.tflite` for `litert` and in `.onnx` for
            `onnx`. It is created or replaced only after the comparison has succeeded.
        format: `"saved_model"`, `"litert"` or `"onnx"`.
        example: Dict of arrays by input name to run both on, one example or more; None for
            `example_inputs(encoder)`.

    Returns:
        `ExportResult` with the path, the size and the largest difference from Keras.

    Raises:
        ValueError: The format is unknown, or the path or the example does not fit.
        ImportError: The format's optional extra is not installed.
        ExportError: The encoder has operations that the format does not support.
        ExportMismatchError: The export does not compute what Keras computes.
    """
    writer = FORMATS[check_format(format)]
    return writer.write(encoder, path, example_inputs(encoder) if example is None else example)


def check_format(format):
    """Returns the name of a format, or raises a ValueError that lists the known ones."""
    if format not in FORMATS:
        raise ValueError(f"Unknown export format {format!r}; choose one of {', '.join(FORMATS)}.")
    return format


def with_state(what, format):
    """Returns the format of a step, whose state goes in and out.

    Args:
        what: What it is a step of, for the message.
        format: Name of the format.

    Returns:
        Module with `checked_path`, `save` and `BATCH`, the number of examples, None for any.

    Raises:
        ValueError: Steps are not exported to it.
    """
    if format not in WITH_STATE:
        raise ValueError(f"A {what} is exported as {' or '.join(WITH_STATE)}; got {format!r}.")
    return WITH_STATE[format]


def file_name(stem, format):
    """Returns the name that something has in a run folder, such as `stream.tflite`."""
    return stem + Path(FORMATS[format].NAME).suffix
