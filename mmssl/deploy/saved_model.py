"""TensorFlow SavedModel: TensorFlow Serving, Python, C++, Java and Go."""

import keras

from mmssl.deploy.checked import write_checked
from mmssl.deploy.paths import folder_for
from mmssl.deploy.signatures import declared
from mmssl.quiet import quiet_logger

NAME = "saved_model"
BATCH = None  # any


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
    return write_checked("saved_model", _convert, encoder, checked_path(path), example)


def checked_path(path):
    """Returns a path that a SavedModel can be written to.

    Args:
        path: Folder that is new, empty, or holds a SavedModel.

    Raises:
        ValueError: `path` is a file or a folder of something else.
    """
    return folder_for(path, "a SavedModel", "saved_model.pb")


def save(path, functions):
    """Saves a SavedModel, without checking it.

    Args:
        path: Folder to write.
        functions: Dict from the name of each signature to a pair of its function of a dict of
            tensors and that dict of `tf.TensorSpec`, by input name.
    """
    # Not archive.track(encoder): the variables of the endpoint are found without it, and tracking
    # them as well would store every weight twice.
    archive = keras.export.ExportArchive()
    for name, (function, specs) in functions.items():
        archive.add_endpoint(name, function, [specs])
    with quiet_logger("tensorflow"):  # it logs that it writes assets, of which there are none
        archive.write_out(str(path), verbose=False)


def _convert(encoder, path):
    save(path, {"embed": declared(encoder, BATCH)})
