"""What a step costs, and what the machine gives."""

import math
import time

import tensorflow as tf

SIZES = (1024, 2048, 4096)


def matmul_peak(seconds=1.2):
    """Finds the machine's best rate over float32 matrix products now.

    Args:
        seconds: time to spend, shared by the sizes.

    Returns:
        GFLOP/s, a multiply-add being 2.
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

    It reads the step's graph, so the gradients that are really computed count and no others.
    What runs in a graph's loops (a recurrent layer's steps) is not seen.

    Args:
        model: compiled Pretrainer whose optimizer is built.
        batch: dict of tensors of known shape.

    Returns:
        GFLOP, a multiply-add being 2.
    """
    graph = tf.function(model.train_step).get_concrete_function(batch).graph
    return sum(_operation_flop(operation) for operation in graph.get_operations()) / 1e9


def _operation_flop(operation):
    count = _COUNTS.get(operation.type)
    return 2 * count(operation) if count else 0


def _size(tensor):
    if tensor.shape.num_elements() is None:
        raise ValueError(f"{tensor.name} has no known shape: FLOPs cannot be counted.")
    return tensor.shape.num_elements()


def _matmul(operation):
    a, transposed = operation.inputs[0], operation.get_attr("transpose_a")
    return _size(operation.outputs[0]) * a.shape[-2 if transposed else -1]


def _batch_matmul(operation):
    a, transposed = operation.inputs[0], operation.get_attr("adj_x")
    return _size(operation.outputs[0]) * a.shape[-2 if transposed else -1]


def _einsum(operation):
    """Products of as many factors as the equation has distinct letters."""
    inputs = operation.get_attr("equation").decode().split("->")[0].split(",")
    sizes = {}
    for letters, tensor in zip(inputs, operation.inputs, strict=True):
        sizes.update(zip(letters, tensor.shape, strict=True))
    return math.prod(sizes.values()) if len(inputs) > 1 else 0


def _convolution(operation):
    return _size(operation.outputs[0]) * math.prod(operation.inputs[1].shape[:-1])


def _convolution_to_input(operation):
    """The gradient for the input takes each product of the forward convolution once."""
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
