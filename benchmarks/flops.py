"""FLOPs of a training step, and the peak rate of the machine."""

import math
import time

import tensorflow as tf
from device_memory import called

SIZES = (1024, 2048, 4096)


def matmul_peak(seconds=1.2):
    """Measures the machine's current peak rate of float32 matrix products.

    Args:
        seconds: time to spend on all sizes together.

    Returns:
        GFLOP/s; a multiply-add counts as 2.
    """
    return max(_matmul_rate(size, seconds / len(SIZES)) for size in SIZES)


def _matmul_rate(size, seconds):
    a, b = tf.random.normal((size, size)), tf.random.normal((size, size))
    tf.matmul(a, b)
    best, end = math.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        tf.matmul(a, b).numpy()
        best = min(best, time.perf_counter() - begin)
    return 2e-9 * size**3 / best


def step_gflop(model, batch):
    """Counts the matrix products and convolutions of one training step, forward and backward.

    It reads the graph of the step, so exactly the gradients that are computed count. Operations
    inside loops of the graph (the steps of a recurrent layer) are not counted.

    Args:
        model: compiled Pretrainer whose optimizer is built.
        batch: dict of tensors with static shapes.

    Returns:
        GFLOP; a multiply-add counts as 2.
    """
    graph = tf.function(model.train_step).get_concrete_function(batch).graph
    return sum(operation_flop(operation) for operation in graph.get_operations()) / 1e9


def operation_flop(operation):
    """Counts the FLOPs of one operation of a graph; 0 for what is no product or convolution."""
    if graph := called(operation):
        return sum(map(operation_flop, graph.get_operations()))
    count = _COUNTS.get(operation.type)
    return 2 * count(operation) if count else 0


def _size(tensor):
    if tensor.shape.num_elements() is None:
        raise ValueError(f"{tensor.name} has no static shape: FLOPs cannot be counted.")
    return tensor.shape.num_elements()


def _matmul(operation):
    a, transposed = operation.inputs[0], operation.get_attr("transpose_a")
    return _size(operation.outputs[0]) * a.shape[-2 if transposed else -1]


def _batch_matmul(operation):
    a, transposed = operation.inputs[0], operation.get_attr("adj_x")
    return _size(operation.outputs[0]) * a.shape[-2 if transposed else -1]


def _einsum(operation):
    """Multiply-adds: the product of the sizes of all distinct letters of the equation."""
    inputs = operation.get_attr("equation").decode().split("->")[0].split(",")
    sizes = {}
    for letters, tensor in zip(inputs, operation.inputs, strict=True):
        sizes.update(zip(letters, tensor.shape, strict=True))
    return math.prod(sizes.values()) if len(inputs) > 1 else 0


def _convolution(operation):
    return _size(operation.outputs[0]) * math.prod(operation.inputs[1].shape[:-1])


def _convolution_to_input(operation):
    """The gradient with respect to the input has the products of the forward convolution."""
    return _size(operation.inputs[2]) * math.prod(operation.inputs[1].shape[:-1])


def _convolution_to_kernel(operation):
    return _size(operation.inputs[2]) * math.prod(operation.outputs[0].shape[:-1])


_COUNTS = {
    "MatMul": _matmul,
    "BatchMatMulV2": _batch_matmul,
    "Einsum": _einsum,
    "Conv2D": _convolution,
    "Conv2DBackpropInput": _convolution_to_input,
    "Conv2DBackpropFilter": _convolution_to_kernel,
}
