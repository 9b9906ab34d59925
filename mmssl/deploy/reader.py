"""Loading and running exported encoders, whatever their format."""

from pathlib import Path

import numpy as np

from mmssl.deploy.extras import require
from mmssl.deploy.signatures import load_signatures
from mmssl.files import recover


def load_exported(path, threads=None):
    """Loads an exported encoder, whatever its format.

    Args:
        path: SavedModel folder, `.tflite` file or `.onnx` file, written by `mmssl.deploy.export`.
        threads: int, how many a LiteRT or ONNX file computes with, 1 or more; None for what its
            runtime chooses. A SavedModel has those of TensorFlow, `tf.config.threading`.

    Returns:
        A function of a dict of arrays by input name, any number of examples along the first axis,
        that returns a dict of NumPy arrays by output name: `features` and `embedding`.

    Raises:
        FileNotFoundError: There is nothing at `path`.
        ValueError: It is in none of the three formats, or `threads` is less than 1.
        ImportError: The format's optional extra is not installed.
    """
    path = Path(path)
    if threads is not None and threads < 1:
        raise ValueError(f"threads={threads} must be 1 or more, or None.")
    recover(path)
    if not path.exists():
        raise FileNotFoundError(f"No exported encoder at {path}.")
    if (path / "saved_model.pb").is_file():
        return _with_casts(_embed(path, None))
    if path.is_file() and path.suffix == ".tflite":
        return _one_by_one(_with_casts(_embed(path, threads)))
    if path.is_file() and path.suffix == ".onnx":
        return _onnx(path, threads)
    raise ValueError(
        f"{path} is not an exported encoder: expected a SavedModel folder (with saved_model.pb), "
        "a .tflite file or an .onnx file."
    )


def _embed(path, threads):
    signatures = load_signatures(path, threads)
    if "embed" not in signatures:
        raise ValueError(
            f"{path} is an export without the signature 'embed', so it is not that of an encoder; "
            f"it has {sorted(signatures)}."
        )
    return signatures["embed"]


def _with_casts(embed):
    dtypes = {name: tensor.dtype for name, tensor in embed.inputs.items()}
    return lambda inputs: embed(**_cast(inputs, dtypes))


def _one_by_one(run):
    """The file takes one example at a time, see mmssl.deploy.litert."""

    def run_all(inputs):
        examples = len(next(iter(inputs.values())))
        rows = [
            run({name: array[row : row + 1] for name, array in inputs.items()})
            for row in range(examples)
        ]
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    return run_all


def _onnx(path, threads):
    require("onnx", "onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0  # its own choice
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    numpy_names = {"tensor(float)": np.float32, "tensor(int32)": np.int32}
    dtypes = {entry.name: numpy_names[entry.type] for entry in session.get_inputs()}
    outputs = [entry.name for entry in session.get_outputs()]

    def run(inputs):
        return dict(zip(outputs, session.run(outputs, _cast(inputs, dtypes)), strict=True))

    return run


def _cast(inputs, dtypes):
    if set(inputs) != set(dtypes):
        raise ValueError(f"Got the inputs {sorted(inputs)}; the file takes {sorted(dtypes)}.")
    return {name: np.asarray(inputs[name], dtype) for name, dtype in dtypes.items()}
