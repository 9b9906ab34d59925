"""Exporting the encoder of a run folder, and its fine-tuned classifier."""

from pathlib import Path

import keras

from mmssl.deploy.formats import FORMATS, export, known
from mmssl.encoders import cut


def export_classifier(run, format, out=None):
    """Writes a run's fine-tuned classifier in a deployment format, checked as encoders are.

    Its outputs are `probabilities` (B, classes), in the order of the run's classes.txt, and
    `embedding`.

    Args:
        run: `mmssl.runs.Run` that has been fine-tuned.
        format: `"saved_model"`, `"litert"` or `"onnx"`.
        out: Path to write; `classifier`, `classifier.tflite` or `classifier.onnx` in the run
            folder when None.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The run has no classifier, an unknown format, or an unfit path.
        ImportError: The format's optional extra is not installed.
        ExportError: The classifier has operations that the format lacks.
        ExportMismatchError: What was written does not compute what Keras computes.
    """
    path = out or run.folder / f"classifier{Path(FORMATS[known(format)].NAME).suffix}"
    if not run.files.classifier.exists():
        raise ValueError(
            f"{run.folder} has no {run.files.classifier.name}: `mmssl finetune {run.folder}` "
            "makes one."
        )
    return export(keras.models.load_model(run.files.classifier), path, format)


def export_run(run, format, out=None, layer=None):
    """Writes a run's encoder in a deployment format, and checks it as `export` does.

    Args:
        run: `mmssl.runs.Run`.
        format: `"saved_model"`, `"litert"` or `"onnx"`.
        out: Path to write; `saved_model`, `encoder.tflite` or `encoder.onnx` in the run folder
            when None.
        layer: Block to end the encoder after, such as `"block_3"`; the whole encoder when None.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: Unknown format or block, or an unfit path.
        ImportError: The format's optional extra is not installed.
        ExportError: The encoder has operations that the format lacks.
        ExportMismatchError: What was written does not compute what Keras computes.
    """
    path = out or run.folder / FORMATS[known(format)].NAME
    encoder = cut(run.encoder, layer) if layer else run.encoder
    return export(encoder, path, format)
