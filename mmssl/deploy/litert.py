"""LiteRT (TensorFlow Lite): phones, microcontrollers and small computers."""

import re
import tempfile

from mmssl.deploy import saved_model
from mmssl.deploy.checked import ExportError, write_checked
from mmssl.deploy.compact import compacted
from mmssl.deploy.extras import require
from mmssl.deploy.paths import file_for
from mmssl.deploy.signatures import declared

NAME = "encoder.tflite"
BATCH = 1


def write(encoder, path, example):
    """Exports an encoder to a LiteRT file, runs it and compares it with Keras.

    The file contains built-in operations only, so that the plain runtime suffices. Its signature
    `embed` takes the encoder's inputs by name, one example of any length (a recurrent layer over
    a dynamic length can only be converted for a fixed batch size), and returns `embedding` and
    `features`:
    `Interpreter(path).get_signature_runner("embed")(waveform=..., padding_mask=...)`.

    Args:
        encoder: Functional `keras.Model` with named inputs and a dict of outputs.
        path: File to write, ending in `.tflite`. An existing one is replaced.
        example: Dict of arrays by input name to run both on.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: `path` does not end in `.tflite`, or the example does not fit.
        ImportError: The extra `litert` is not installed.
        ExportError: The encoder has operations that LiteRT does not support.
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
    require("litert", "ai_edge_litert")
    return file_for(path, "A LiteRT export", ".tflite")


def save(path, functions):
    """Saves a LiteRT file, without checking it.

    Args:
        path: `pathlib.Path` of the file to write.
        functions: As of `mmssl.deploy.saved_model.save`, for one example.

    Raises:
        ExportError: One has operations that LiteRT does not support.
    """
    with tempfile.TemporaryDirectory() as folder:
        saved_model.save(folder, functions)
        path.write_bytes(compacted(converted(folder, list(functions))))


def converted(folder, signatures, convert=lambda converter: converter.convert()):
    """Converts a SavedModel of fixed batch size to LiteRT.

    Args:
        folder: The SavedModel.
        signatures: Names of its signatures to keep.
        convert: Function of a `tf.lite.TFLiteConverter` that sets its precision, if not float32,
            and returns the content of the file.

    Returns:
        bytes, the content of the file.

    Raises:
        ExportError: It has operations that LiteRT does not support.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=signatures)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    try:
        return convert(converter)
    except Exception as error:
        raise ExportError(_explain(str(error))) from error


def _convert(encoder, path):
    save(path, {"embed": declared(encoder, BATCH)})


def _explain(message):
    missing = re.findall(r"(?:TF Select|Custom) ops: (.+)", message)
    if missing:
        places = re.findall(r'"([^"@]+)@[^"]*"[^\n]*op is neither a custom op nor a flex', message)
        at = f" (at {', '.join(dict.fromkeys(places))})" if places else ""
        return f"LiteRT has no built-in operation for {', '.join(missing)}{at} of this encoder."
    return f"LiteRT cannot express this encoder: {message.strip().splitlines()[-1]}"
