"""The formats that encoders can be handed over in."""

from mmssl.deploy import litert, onnx, saved_model
from mmssl.deploy.example import example_inputs

FORMATS = {"saved_model": saved_model, "litert": litert, "onnx": onnx}


def export(encoder, path, format, example=None):
    """Writes an encoder in a deployment format, runs what was written and compares it with Keras.

    Args:
        encoder: Functional `keras.Model` with named inputs and a dict of outputs, of any dtype
            policy; a mixed precision encoder is exported in float32.
        path: Folder for `saved_model`, file ending in `.tflite` for `litert` and in `.onnx` for
            `onnx`. It appears, or is replaced, only when the comparison has succeeded.
        format: `"saved_model"`, `"litert"` or `"onnx"`.
        example: Dict of arrays by input name that both are run on, one example or more;
            `example_inputs(encoder)` when None.

    Returns:
        `ExportResult` with the path, the size and the largest difference from Keras.

    Raises:
        ValueError: Unknown format, unfit path or example.
        ImportError: The format's optional extra is not installed.
        ExportError: The encoder has operations that the format lacks.
        ExportMismatchError: What was written does not compute what Keras computes.
    """
    writer = FORMATS[known(format)]
    return writer.write(encoder, path, example_inputs(encoder) if example is None else example)


def known(format):
    """Returns the name of a format, or raises ValueError with the names there are."""
    if format not in FORMATS:
        raise ValueError(f"Unknown export format {format!r}; choose one of {', '.join(FORMATS)}.")
    return format
