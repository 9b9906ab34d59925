"""Faults in what is exported."""

from tests.faults.fault import Fault

PRESET = ("tests/deploy/test_preset.py",)
READER = ("tests/deploy/test_reader.py",)

FAULTS = (
    Fault(
        "KerasHub's keys get the weights of the values",
        "mmssl/deploy/backbones.py",
        "(target.query_dense, target.key_dense, target.value_dense)",
        "(target.query_dense, target.value_dense, target.key_dense)",
        PRESET,
        "features_of_kerashubs",
    ),
    Fault(
        "KerasHub's heads are the channels of ours",
        "mmssl/deploy/backbones.py",
        "layer.set_weights([kernel.reshape(width, heads, -1), bias.reshape(heads, -1)])",
        "layer.set_weights([kernel.reshape(width, -1, heads).swapaxes(1, 2), "
        "bias.reshape(heads, -1)])",
        PRESET,
        "features_of_kerashubs",
    ),
    Fault(
        "a strided convolution pads one side only",
        "mmssl/encoders/resnet.py",
        'ZeroPadding2D(kernel // 2, name=named("pad"))',
        'ZeroPadding2D(((0, 2 * (kernel // 2)),) * 2, name=named("pad"))',
        PRESET,
        "resnet",
    ),
    Fault(
        "a preset scales pixels to 0 and 1",
        "mmssl/deploy/preset.py",
        "scale=2 / 255, offset=-1.0",
        "scale=1 / 255, offset=0.0",
        PRESET,
        "pixels",
    ),
    Fault(
        "a LiteRT file computes with one thread, whatever it is told",
        "mmssl/deploy/reader.py",
        "num_threads=threads",
        "num_threads=1",
        READER,
        "as_many_threads and litert",
    ),
    Fault(
        "an ONNX file computes with as many threads as there are cores, whatever it is told",
        "mmssl/deploy/reader.py",
        "intra_op_num_threads = threads or 0",
        "intra_op_num_threads = 0",
        READER,
        "as_many_threads and onnx",
    ),
)
