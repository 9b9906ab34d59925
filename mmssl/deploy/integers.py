"""Which operations of a LiteRT file compute in integers, and which stay in floats."""

import warnings
from dataclasses import dataclass

from mmssl.deploy.constants import store_in_int8
from mmssl.encoders.parts.whitening import unwhitened
from mmssl.layers import LogMel
from mmssl.quiet import quiet

# What nearly all of the weights and of the time belongs to. Everything between them stays in
# floats: a layer norm, a softmax with masked scores, a division or a residual sum loses more in
# eight bits than it gains.
PRODUCTS = {
    "BATCH_MATMUL",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "TRANSPOSE_CONV",
}
TABLES = {"EMBEDDING_LOOKUP", "GATHER"}


def convert_to_integers(converter, float_file, encoder, in_floats, calibration):
    """Converts with products and tables in int8, by ranges that are measured on examples.

    Weights have a scale for every channel. Inputs and outputs of the file stay in floats, and so
    does a whitening, which raises what eight bits leave of the smallest directions. Large constants
    of what computes in floats, such as a Fourier transform or positions, are in int8 as well.

    Args:
        converter: `tf.lite.TFLiteConverter` with the signature `embed`.
        float_file: bytes, the same encoder as a float32 LiteRT file.
        encoder: That encoder, a functional `keras.Model`.
        in_floats: How many of its first products stay in floats, see `float_products`.
        calibration: Function that returns an iterable of dicts of arrays by input name, one
            example each.

    Returns:
        bytes, the content of the file.
    """
    import tensorflow as tf

    operations = _operations(float_file)
    products = [operation for operation in operations if operation.name in PRODUCTS]
    kept = products[:in_floats]
    if unwhitened(encoder)[1] is not None:
        kept += [operation for operation in products if operation.is_output]
    options = tf.lite.experimental.QuantizationDebugOptions(
        denylisted_ops=sorted({operation.name for operation in operations} - PRODUCTS - TABLES),
        denylisted_nodes=[operation.tensor for operation in kept],
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (("embed", example) for example in calibration())
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of the runtime that calibrates
        # The public way to name what stays in floats; nothing is debugged.
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=lambda: iter(()), debug_options=options
        )
        return store_in_int8(debugger.get_nondebug_quantized_model())


def float_products(encoder):
    """Counts the products that stay in floats, from the waveform to the first learned one.

    Sound spans more than 256 levels: what is quiet in a recording would be lost in eight bits
    before the first layer could see it. Pixels have eight bits, tokens have none.

    Args:
        encoder: Functional `keras.Model` with named inputs.

    Returns:
        int; 0 for an encoder of other inputs than sound.
    """
    if "waveform" not in encoder.input:
        return 0
    spectrum = any(isinstance(layer, LogMel) for layer in encoder._flatten_layers())
    return 3 if spectrum else 1  # a Fourier transform, and the sums of mel bands


@dataclass(frozen=True)
class _Operation:
    """An operation: its name, that of its first output, and whether the file returns that."""

    name: str
    tensor: str
    is_output: bool


def _operations(content):
    """Lists the operations of a file, those of the main graph first."""
    from ai_edge_litert import schema_py_generated as schema

    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()}
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    # Codes up to 127 are in the old field, others in the new one.
    codes = [
        names[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes
    ]
    return [
        _Operation(
            codes[operation.opcodeIndex],
            graph.tensors[operation.outputs[0]].name.decode(),
            number == 0 and operation.outputs[0] in graph.outputs,
        )
        for number, graph in enumerate(model.subgraphs)
        for operation in graph.operators
    ]
