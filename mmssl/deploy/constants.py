"""Large weights of a LiteRT file that computes with them in floats, stored in int8."""

import numpy as np

LEAST = 10_000  # numbers; what is smaller saves less than it costs
LEVELS = 127


def store_in_int8(content, products):
    """Stores the large float32 weights of products in int8, to be brought back when a file loads.

    They have a scale for every channel. What is computed stays in floats, inputs and outputs too.

    Args:
        content: bytes, a LiteRT file.
        products: Names of operations whose second input is weights, the first axis their output.

    Returns:
        bytes, the file; the one given where no weights are large, or nothing is saved.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    codes = {getattr(schema.BuiltinOperator, name) for name in products}
    changed = [_store(schema, model, graph, codes) for graph in model.subgraphs]
    if not any(changed):
        return content
    _drop_unused(model)
    return min(content, _packed(model), key=len)  # many short channels have as many scales


def _store(schema, model, graph, codes):
    """Stores the weights of one graph; returns whether there are any."""
    weights = {
        operation.inputs[1]
        for operation in graph.operators
        if _code(model.operatorCodes[operation.opcodeIndex]) in codes
    }
    large = [index for index in sorted(weights) if _is_large(schema, model, graph.tensors[index])]
    restore = [_stored(schema, model, graph, index) for index in large]
    graph.operators = [*restore, *graph.operators]
    return bool(large)


def _is_large(schema, model, tensor):
    data = model.buffers[tensor.buffer].data
    return tensor.type == schema.TensorType.FLOAT32 and data is not None and len(data) > 4 * LEAST


def _stored(schema, model, graph, index):
    """Moves the weights to a tensor of int8, and returns the operation that brings them back."""
    tensor = graph.tensors[index]
    numbers = np.frombuffer(bytes(model.buffers[tensor.buffer].data), "<f4").reshape(tensor.shape)
    scale = np.abs(numbers).max(axis=tuple(range(1, numbers.ndim))) / LEVELS
    scale = np.maximum(scale, np.finfo("float32").tiny)
    rounded = np.round(numbers / scale.reshape(-1, *[1] * (numbers.ndim - 1)))

    stored, buffer = schema.TensorT(), schema.BufferT()
    buffer.data = np.frombuffer(rounded.astype("int8").tobytes(), "uint8")
    model.buffers.append(buffer)
    stored.name, stored.shape = tensor.name + b"_int8", tensor.shape
    stored.type, stored.buffer = schema.TensorType.INT8, len(model.buffers) - 1
    stored.quantization = schema.QuantizationParametersT()
    stored.quantization.scale = scale.astype("float32")
    stored.quantization.zeroPoint = np.zeros(len(scale), "int64")
    stored.quantization.quantizedDimension = 0
    graph.tensors.append(stored)
    tensor.buffer = 0  # the empty one: it is computed now

    operation = schema.OperatorT()
    operation.opcodeIndex = _dequantize(schema, model)
    operation.inputs = np.array([len(graph.tensors) - 1], "int32")
    operation.outputs = np.array([index], "int32")
    return operation


def _dequantize(schema, model):
    """Returns the number that the operation DEQUANTIZE has in a model."""
    code = schema.BuiltinOperator.DEQUANTIZE
    numbers = [n for n, known in enumerate(model.operatorCodes) if _code(known) == code]
    if not numbers:
        made = schema.OperatorCodeT()
        made.builtinCode = made.deprecatedBuiltinCode = code
        made.version = 5  # the first with a scale for every channel
        model.operatorCodes.append(made)
        return len(model.operatorCodes) - 1
    model.operatorCodes[numbers[0]].version = max(5, model.operatorCodes[numbers[0]].version)
    return numbers[0]


def _code(operator_code):
    # Codes up to 127 are in the old field, others in the new one.
    return max(operator_code.builtinCode, operator_code.deprecatedBuiltinCode)


def _drop_unused(model):
    """Empties the buffers that nothing refers to any more."""
    used = {tensor.buffer for graph in model.subgraphs for tensor in graph.tensors}
    used |= {entry.buffer for entry in model.metadata or []}
    for number, buffer in enumerate(model.buffers):
        if number not in used:
            buffer.data = None


def _packed(model):
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
