"""ONNX: onnxruntime and the many engines that read its format."""

from mmssl.deploy.checked import ExportError, write_checked
from mmssl.deploy.extras import require
from mmssl.deploy.paths import file_for
from mmssl.deploy.signatures import input_specs
from mmssl.quiet import quiet_logger

NAME = "encoder.onnx"
OPSET = 17


def write(encoder, path, example):
    """Exports an encoder to an ONNX file, runs it and compares it with Keras.

    The file takes the encoder's inputs by name, any number of examples of any length, and returns
    `embedding` and `features`:
    `onnxruntime.InferenceSession(path).run(["embedding"], {"images": ...})`.

    Args:
        encoder: Functional `keras.Model` with named inputs and a dict of outputs.
        path: File to write, ending in `.onnx`. An existing one is replaced.
        example: Dict of arrays by input name to run both on.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: `path` does not end in `.onnx`, or the example does not fit.
        ImportError: The extra `onnx` is not installed.
        ExportError: The encoder has operations that ONNX does not support.
        ExportMismatchError: The file does not compute what Keras computes.
    """
    require("onnx", "onnx", "onnxruntime", "tf2onnx")
    path = file_for(path, "An ONNX export", ".onnx")
    return write_checked("onnx", _convert, encoder, path, example)


def _convert(encoder, path):
    import onnx
    import tensorflow as tf
    import tf2onnx

    embed = tf.function(lambda inputs: encoder(inputs, training=False))
    with quiet_logger("tf2onnx"):
        model, _ = tf2onnx.convert.from_function(
            embed, [input_specs(encoder)], opset=OPSET, custom_op_handlers=HANDLERS
        )
    missing = sorted(
        {node.op_type for node in model.graph.node if not onnx.defs.has(node.op_type, node.domain)}
    )
    if missing:
        raise ExportError(f"ONNX has no operation for {', '.join(missing)} of this encoder.")
    _store_constants(model.graph, embed.get_concrete_function(input_specs(encoder)))
    _name_dynamic_axes(model.graph)
    onnx.save(model, str(path))


def _store_constants(graph, function):
    """Stores what layers keep as tensors, such as positions, which tf2onnx makes inputs of."""
    from onnx import numpy_helper

    kept = {inside.name: outside for outside, inside in function.graph.captures}
    for value in [value for value in graph.input if value.name in kept]:
        graph.initializer.append(numpy_helper.from_array(kept[value.name].numpy(), value.name))
        graph.input.remove(value)


def _erfc(context, node, name, args):
    """Converts erfc(x), which exact GELU uses and ONNX lacks, to 1 - erf(x)."""
    import numpy as np

    shape, dtype = context.get_shape(node.output[0]), context.get_dtype(node.output[0])
    erf = context.make_node("Erf", node.input, shapes=[shape], dtypes=[dtype]).output[0]
    one = context.make_const(f"{name}_one", np.array(1.0, "float32")).output[0]
    context.remove_node(name)
    context.make_node(
        "Sub", [one, erf], outputs=node.output, name=name, shapes=[shape], dtypes=[dtype]
    )


def _log1p(context, node, name, args):
    """Converts log(1 + x), which mu-law codes use and ONNX lacks, to x log(1 + x) / ((1 + x) - 1).

    The quotient makes up for what 1 + x rounds off (Goldberg 1991, theorem 4).
    """
    import numpy as np
    from onnx import TensorProto

    shape, dtype = context.get_shape(node.output[0]), context.get_dtype(node.output[0])
    x = node.input[0]

    def add(operation, inputs, dtype=dtype, **kwargs):
        made = context.make_node(operation, inputs, shapes=[shape], dtypes=[dtype], **kwargs)
        return made.output[0]

    one = context.make_const(f"{name}_one", np.array(1.0, "float32")).output[0]
    more = add("Add", [x, one])
    rounded = add("Sub", [more, one])
    lost = add("Equal", [more, one], TensorProto.BOOL)
    quotient = add("Div", [add("Log", [more]), add("Where", [lost, one, rounded])])
    context.remove_node(name)
    add("Where", [lost, x, add("Mul", [x, quotient])], outputs=node.output, name=name)


HANDLERS = {"Erfc": (_erfc, []), "Log1p": (_log1p, [])}


def _name_dynamic_axes(graph):
    """Names the dynamic axes, instead of `unk__17`."""
    for value in graph.input:
        for axis, name in zip(value.type.tensor_type.shape.dim, ("batch", "length"), strict=False):
            if not axis.dim_value:
                axis.dim_param = name
    for value in graph.output:
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
