"""LiteRT (TensorFlow Lite): phones, microcontrollers and small computers."""

import re
import tempfile
from pathlib import Path

from mmssl.deploy import saved_model
from mmssl.deploy.checked import ExportError, write_checked
from mmssl.deploy.extras import need

NAME = "encoder.tflite"


def write(encoder, path, example):
    """Writes an encoder as a LiteRT file, runs it and compares it with Keras.

    The file holds built-in operations only, so that the plain runtime is enough. Its signature
    `embed` takes the encoder's inputs by name, one example of any length (a recurrent layer over
    an open length converts for a fixed batch only), and returns `embedding` and `features`:
    `Interpreter(path).get_signature_runner("embed")(waveform=..., padding_mask=...)`.

    Args:
        encoder: Functional `keras.Model` with named inputs and a dict of outputs.
        path: File to write, ending in `.tflite`. An earlier one is replaced.
        example: Dict of arrays by input name that both are run on.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: `path` does not end in `.tflite`, or the example does not fit.
        ImportError: The extra `litert` is not installed.
        ExportError: The encoder has operations that LiteRT lacks.
        ExportMismatchError: The file does not compute what Keras computes.
    """
    return write_checked("litert", _convert, encoder, checked_path(path), example)


def checked_path(path):
    """Returns a path that a LiteRT file can be written to.

    Args:
        path: File ending in `.tflite`.

    Raises:
        ValueError: `path` does not end in `.tflite`.
        ImportError: The extra `litert`, which runs the file, is not installed.
    """
    need("litert", "ai_edge_litert")
    path = Path(path)
    if path.suffix != ".tflite" or path.is_dir():
        raise ValueError(f"A LiteRT export is a file that ends in .tflite, not {path}.")
    return path


def _convert(encoder, path):
    with tempfile.TemporaryDirectory() as folder:
        saved_model.save(encoder, folder, batch=1)
        convert_saved_model(folder, path, ["embed"])


def convert_saved_model(folder, path, signatures):
    """Turns a SavedModel of fixed batch size into a LiteRT file, unchecked.

    Args:
        folder: The SavedModel.
        path: `pathlib.Path` of the file to write.
        signatures: Names of its signatures to keep.

    Raises:
        ExportError: It has operations that LiteRT lacks.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=signatures)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    try:
        path.write_bytes(converter.convert())
    except Exception as error:
        raise ExportError(_explain(str(error))) from error


def _explain(message):
    lacking = re.findall(r"(?:TF Select|Custom) ops: (.+)", message)
    if lacking:
        return f"LiteRT has no built-in operation for {', '.join(lacking)} of this encoder."
    return f"LiteRT cannot hold this encoder: {message.strip().splitlines()[-1]}"
