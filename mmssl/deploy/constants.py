"""Large constants of a LiteRT file that computes with them in floats, stored in int8."""

import numpy as np

from mmssl.deploy.compact import packed, read

LEVELS = 127
# Bytes that a constant costs in int8: by channel its scale and zero point, an operation, a tensor.
_CHANNEL, _OPERATION = 12, 150


def store_in_int8(content):
    """Stores large float32 constants in int8, to be brought back when the file loads.

    They are weights of products and tables of positions, and have a scale for every entry of their
    first axis. What is computed stays in floats, inputs and outputs too.

    Args:
        content: bytes, a LiteRT file.

    Returns:
        bytes, the file; the one given where no constant is large.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = read(content)
    changed = [_store(schema, model, graph) for graph in model.subgraphs]
    if not any(changed):
        return content
    _drop_unused(model)
    return packed(model)


def _store(schema, model, graph):
    """Stores the constants of one graph; returns whether there are any."""
    used = {index for operation in graph.operators for index in operation.inputs if index >= 0}
    found = {index: _numbers(schema, model, graph.tensors[index]) for index in sorted(used)}
    large = {index: numbers for index, numbers in found.items() if _is_large(numbers)}
    restore = [_stored(schema, model, graph, index, large[index]) for index in large]
    graph.operators = [*restore, *graph.operators]
    return bool(large)


def _numbers(schema, model, tensor):
    """Returns the numbers of a constant by channel, float32 (C, N); None for anything else."""
    data = model.buffers[tensor.buffer].data
    if tensor.type != schema.TensorType.FLOAT32 or data is None:
        return None
    channels = next((size for size in tensor.shape if size > 1), 1)
    return np.frombuffer(bytes(data), "<f4").reshape(channels, -1)


def _is_large(numbers):
    return numbers is not None and 3 * numbers.size > _CHANNEL * len(numbers) + _OPERATION


def _stored(schema, model, graph, index, numbers):
    """Moves a constant to a tensor of int8, and returns the operation that brings it back."""
    tensor = graph.tensors[index]
    scale = np.abs(numbers).max(axis=1) / LEVELS
    scale = np.maximum(scale, np.finfo("float32").tiny)
    rounded = np.round(numbers / scale[:, np.newaxis])

    stored, buffer = schema.TensorT(), schema.BufferT()
    buffer.data = np.frombuffer(rounded.astype("int8").tobytes(), "uint8")
    model.buffers.append(buffer)
    stored.shape, stored.type = tensor.shape, schema.TensorType.INT8
    stored.buffer = len(model.buffers) - 1
    stored.quantization = schema.QuantizationParametersT()
    stored.quantization.scale = scale.astype("float32")
    stored.quantization.zeroPoint = np.zeros(len(scale), "int64")
    stored.quantization.quantizedDimension = int(np.argmax(np.asarray(tensor.shape) > 1))
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
