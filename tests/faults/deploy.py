"""Faults in what is exported."""

from tests.faults.fault import Fault

PRESET = ("tests/deploy/test_preset.py",)
STREAM = ("tests/deploy/test_stream.py",)
QUANTIZED = ("tests/deploy/test_quantized.py",)
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
        "the first convolution of a sound computes in integers",
        "mmssl/deploy/integers.py",
        "return 3 if spectrum else 1",
        "return 2 if spectrum else 0",
        QUANTIZED,
        "of_sound",
    ),
    Fault(
        "a quantized file is compared on what it was calibrated on",
        "mmssl/deploy/quantized.py",
        "source.select(order[first : first + items])",
        "source.select(order[:items])",
        QUANTIZED,
        "drawn",
    ),
    Fault(
        "divisions and sums compute in integers too",
        "mmssl/deploy/integers.py",
        "{name for name, _ in operations} - PRODUCTS - TABLES",
        '{"SOFTMAX"}',
        QUANTIZED,
        "of_sound",
    ),
    Fault(
        "a quantized file that gives no numbers is kept",
        "mmssl/deploy/quantized.py",
        "if not cosines.mean() >= LEAST_COSINE",
        "if cosines.mean() < LEAST_COSINE",
        QUANTIZED,
        "not_kept",
    ),
    Fault(
        "the probe of a quantized file is tested on what it was trained on",
        "mmssl/deploy/probed.py",
        "for part in (split.train, split.test))\n    split",
        "for part in (split.train, split.train))\n    split",
        QUANTIZED,
        "tell_good",
    ),
    Fault(
        "a chunk's convolution reaches back one frame too little",
        "mmssl/deploy/step.py",
        "self.outputs[state] = joined[:, -before:]",
        "self.outputs[state] = joined[:, -before - 1 : -1]",
        STREAM,
        "chunks",
    ),
    Fault(
        "the recurrent state of a chunk is forgotten",
        "mmssl/deploy/step.py",
        "self.outputs[state] = after",
        "self.outputs[state] = 0 * after",
        STREAM,
        "chunks",
    ),
    Fault(
        "samples that are no whole frame are dropped",
        "mmssl/deploy/stream.py",
        "self._waiting = sound[:, whole:]",
        "self._waiting = sound[:, :0]",
        STREAM,
        "chunks",
    ),
    Fault(
        "log1p in ONNX loses what is small beside one",
        "mmssl/deploy/onnx.py",
        'add("Where", [lost, x, add("Mul", [x, quotient])]',
        'add("Where", [lost, rounded, add("Log", [more])]',
        ("tests/deploy/test_onnx.py",),
    ),
    Fault(
        "weights that are stored in int8 have the scale of another channel",
        "mmssl/deploy/constants.py",
        'stored.quantization.scale = scale.astype("float32")',
        'stored.quantization.scale = scale[::-1].astype("float32")',
        QUANTIZED,
        "saves_space",
    ),
    Fault(
        "a Fourier transform stays as large as it is",
        "mmssl/deploy/integers.py",
        "return store_in_int8(debugger.get_nondebug_quantized_model(), PRODUCTS)",
        "return debugger.get_nondebug_quantized_model()",
        QUANTIZED,
        "fourier",
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
