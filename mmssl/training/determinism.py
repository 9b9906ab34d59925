"""Whether a run's operations are deterministic, apart from how they are compiled."""

import contextlib
import functools
from unittest import mock

import tensorflow as tf
from tensorflow.core.framework.attr_value_pb2 import AttrValue
from tensorflow.python.framework import config  # as Keras does; there is no public way back
from tensorflow.python.ops import gen_math_ops  # where tapes and tf.add_n find the operation

ON = (
    "Operations are deterministic: on one kind of machine with as many threads, the seed gives the "
    "same weights again (fit.deterministic)."
)
OFF = (
    "Operations need not be deterministic, which costs time on a GPU: the seed may give other "
    "weights again. --fit.deterministic true makes them so."
)


# What Grappler has made of sums bears this mark, and is not touched again.
REWRITTEN = "_grappler_ArithmeticOptimizer_AddOpsRewriteStage"
_add_n, _add_v2 = gen_math_ops.add_n, gen_math_ops.add_v2


def is_deterministic(fit):
    """Returns the recipe's choice; without one, whether there is no GPU, where it costs nothing.

    Args:
        fit: mmssl.runs.fit.Fit.
    """
    if fit.deterministic is None:
        return not tf.config.list_logical_devices("GPU")
    return fit.deterministic


@contextlib.contextmanager
def determinism(on):
    """Makes what TensorFlow traces and runs deterministic, or not, until the block ends.

    TensorFlow's own switch leaves `AddN` out, which adds into whichever of its inputs is free
    first: with three or more, the order depends on timing. Gradients of a tensor with several
    consumers are added up by it, and Grappler writes sums of three as one.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_op_determinism(on))
        if on:
            stack.enter_context(mock.patch.object(gen_math_ops, "add_n", _add_in_order))
            stack.enter_context(mock.patch.object(gen_math_ops, "add_v2", _add_two))
        yield


@contextlib.contextmanager
def _op_determinism(on):
    before = config.is_op_determinism_enabled()
    _switch(on)
    try:
        yield
    finally:
        _switch(before)


def _switch(on):
    config.enable_op_determinism() if on else config.disable_op_determinism()


def _add_in_order(inputs, name=None):
    if inputs[0].dtype == tf.variant:  # lists of tensors, which `AddN` adds one after the other
        return _add_n(inputs, name)
    return functools.reduce(_add_two, inputs)


def _add_two(x, y, name=None):
    total = _add_v2(x, y, name)
    if hasattr(total, "op"):  # of a graph
        total.op._set_attr(REWRITTEN, AttrValue(b=True))
    return total
