"""TensorFlow SavedModel: TensorFlow Serving, Python, C++, Java and Go."""

from pathlib import Path

import keras

from mmssl.deploy.checked import write_checked
from mmssl.deploy.signature import signature
from mmssl.quiet import quiet_logger

NAME = "saved_model"


def write(encoder, path, example):
    """Exports an encoder to a SavedModel, runs it and compares it with Keras.

    Its signature `embed`, which is also `serving_default`, takes the encoder's inputs by name, any
    number of examples of any length, and returns `embedding` and `features`. It contains no Keras
    code: `tf.saved_model.load(path).signatures["embed"](waveform=..., padding_mask=...)`.

    TensorFlow Serving expects numbered versions: write to `models/encoder/1` and start it with
    `--model_name=encoder --model_base_path=/absolute/models/encoder`.

    Args:
        encoder: Functional `keras.Model` with named inputs and a dict of outputs.
        path: Folder to write. An existing SavedModel is replaced.
        example: Dict of arrays by input name to run both on.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: `path` is a file or a folder of something else, or the example does not fit.
        ExportMismatchError: The SavedModel does not compute what Keras computes.
    """
    return write_checked("saved_model", save, encoder, checked_path(path), example)


def checked_path(path):
    """Returns a path that a SavedModel can be written to.

    Args:
        path: Folder that is new, empty, or holds a SavedModel.

    Raises:
        ValueError: `path` is a file or a folder of something else.
    """
    path = Path(path)
    taken = path.is_file() or (path.is_dir() and any(path.iterdir()))
    if taken and not (path / "saved_model.pb").is_file():
        raise ValueError(
            f"{path} holds something other than a SavedModel and is not replaced: "
            "name a new folder."
        )
    return path


def save(encoder, path, batch=None):
    """Saves the encoder's signature `embed`, without checking it.

    Args:
        encoder: Functional float32 `keras.Model`.
        path: Folder to write.
        batch: Fixed number of examples, or None for any.
    """
    # Not archive.track(encoder): the variables of the endpoint are found without it, and tracking
    # them as well would store every weight twice.
    archive = keras.export.ExportArchive()
    archive.add_endpoint(
        "embed", lambda inputs: encoder(inputs, training=False), signature(encoder, batch)
    )
    with quiet_logger("tensorflow"):  # it logs that it writes assets, of which there are none
        archive.write_out(str(path), verbose=False)
