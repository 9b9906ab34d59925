"""Peak memory of a process that embeds one item, and holds nothing but runtime and encoder.

One JSON line goes to stdout: MB with the runtime imported, and at most after loading the encoder
and embedding the item twice. Linux only.

    python benchmarks/deploy_memory.py encoder.tflite item.npz
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main():
    path, item = Path(sys.argv[1]), dict(np.load(sys.argv[2]))
    load = LOADERS[path.suffix]()
    runtime = peak_mb()
    embed = load(str(path))
    for _ in range(2):
        embed(item)
    print(json.dumps({"runtime_mb": runtime, "peak_mb": peak_mb()}))


def saved_model():
    import tensorflow as tf

    def load(path):
        loaded = tf.saved_model.load(path)
        return lambda item: loaded.signatures["embed"](
            **{name: tf.constant(array) for name, array in item.items()}
        )

    return load


def litert():
    from ai_edge_litert.interpreter import Interpreter

    def load(path):
        runner = Interpreter(model_path=path, num_threads=1).get_signature_runner("embed")
        return lambda item: runner(**item)

    return load


def onnx():
    import onnxruntime

    def load(path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return lambda item: session.run(None, item)

    return load


LOADERS = {"": saved_model, ".tflite": litert, ".onnx": onnx}


def peak_mb():
    """Returns the most memory that this process has had; `getrusage` would count its parent's."""
    line = next(
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    return round(int(line.split()[1]) * 1024 / 1e6, 1)


if __name__ == "__main__":
    main()
