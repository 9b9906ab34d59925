"""The restoring networks of an IPT run: a signature a task, for tiles of one size."""

import numpy as np

from mmssl.deploy.checked import check_backend, keep_checked, run_keras
from mmssl.deploy.formats import file_name, with_state
from mmssl.deploy.signatures import declared, load_signatures
from mmssl.methods import IPT

EXAMPLES = 2  # compared


def export_restorer(run, format, out=None):
    """Exports what a run of IPT restores pictures with, checked as in `write_restorer`.

    Args:
        run: `mmssl.runs.Run` of a recipe whose method is IPT.
        format: `"saved_model"` or `"litert"`.
        out: Path to write; None for `restorer` or `restorer.tflite` in the run folder.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The format is unknown, the run is of another method, or the path does not fit.
        ImportError: The format's optional extra is not installed.
        ExportMismatchError: The export does not compute what Keras computes.
    """
    with_state("restorer", format)
    path = out or run.place(file_name("restorer", format))
    return write_restorer(run.method(IPT), run.data.drawn, path, format)


def write_restorer(method, tasks, path, format):
    """Exports the networks of some tasks, and compares them with Keras.

    There is a signature for each task, under its name. It takes `images` float32
    (B, size, size, 3) in [0, 1], B being 1 in LiteRT, and returns `restored`
    (B, s * size, s * size, 3) in [0, 1]. Larger pictures are restored in tiles, as
    `mmssl.methods.bases.tiles` does.

    Args:
        method: `mmssl.methods.IPT`, in float32.
        tasks: Names of the tasks.
        path: Folder for `saved_model`, file ending in `.tflite` for `litert`.
        format: `"saved_model"` or `"litert"`.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The format is unknown, the method is not in float32, or the path does not fit.
        ImportError: The format's optional extra is not installed.
        ExportMismatchError: The export does not compute what Keras computes.
    """
    writer = with_state("restorer", format)
    check_backend()
    if method.encoder.compute_dtype != "float32":
        raise ValueError("A restorer must be exported in float32: load it from its run folder.")
    path = writer.checked_path(path)
    models = {task: method.restorer(task) for task in tasks}
    shape = (writer.BATCH or EXAMPLES, method.size, method.size, 3)
    example = {"images": np.random.default_rng(0).random(shape, "float32")}

    def run(written):
        signatures = load_signatures(written)
        return [signatures[task](**example) for task in tasks]

    return keep_checked(
        format,
        path,
        lambda written: writer.save(
            written, {task: declared(model, writer.BATCH) for task, model in models.items()}
        ),
        run,
        [run_keras(model, [example])[0] for model in models.values()],
    )
