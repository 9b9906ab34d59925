"""Exporting the encoder of a run folder, and its fine-tuned classifier."""

from mmssl.deploy.formats import FORMATS, check_format, export, file_name
from mmssl.encoders.parts.saved import read_model


def export_classifier(run, format, out=None):
    """Exports a run's fine-tuned classifier to a deployment format, checked as in `export`.

    Its outputs are `probabilities` (B, classes), in the order of the run's classes.txt, and
    `embedding`.

    Args:
        run: `mmssl.runs.Run` that has been fine-tuned.
        format: `"saved_model"`, `"litert"` or `"onnx"`.
        out: Path to write; None for `classifier`, `classifier.tflite` or `classifier.onnx` in the
            run folder.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The run has no classifier, or was opened at a step; the format is unknown, or
            the path does not fit.
        ImportError: The format's optional extra is not installed.
        ExportError: The classifier has operations that the format does not
            support.
        ExportMismatchError: The export does not compute what Keras computes.
    """
    path = out or run.folder / file_name("classifier", check_format(format))
    return export(classifier_of(run), path, format)


def classifier_of(run):
    """Returns a run's fine-tuned classifier.

    Args:
        run: `mmssl.runs.Run`.

    Returns:
        keras.Model with the outputs `probabilities` and `embedding`.

    Raises:
        ValueError: The run has no classifier, or was opened at a step.
    """
    if run.kept is not None:
        raise ValueError(
            f"The classifier of {run.folder} is that of its fine-tuning, not of step {run.kept}: "
            "leave the step out."
        )
    if not run.files.classifier.exists():
        raise ValueError(
            f"{run.folder} has no {run.files.classifier.name}: `mmssl finetune {run.folder}` "
            "trains one."
        )
    return read_model(run.files.classifier, "fine-tune again")


def export_run(run, format, out=None, layer=None, whiten="auto"):
    """Exports a run's encoder to a deployment format, checked as in `export`.

    Args:
        run: `mmssl.runs.Run`.
        format: `"saved_model"`, `"litert"` or `"onnx"`.
        out: Path to write; None for `saved_model`, `encoder.tflite` or `encoder.onnx` in the run
            folder, of a kept checkpoint `encoder_step_2000.tflite` and so on.
        layer: Block to cut the encoder after, such as `"block_3"`; None for the whole encoder.
        whiten: Whether its embedding is whitened, see `Run.deployed_encoder`.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The format or the block is unknown, the path does not fit, or the run cannot be
            whitened.
        ImportError: The format's optional extra is not installed.
        ExportError: The encoder has operations that the format does not
            support.
        ExportMismatchError: The export does not compute what Keras computes.
    """
    path = out or run.place(FORMATS[check_format(format)].NAME)
    return export(run.deployed_encoder(layer, whiten), path, format)
