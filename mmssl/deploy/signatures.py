"""Signatures: the named functions of an export, as they are declared and as they are loaded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from mmssl.deploy.extras import require


def named_inputs(model):
    """Returns the symbolic inputs by name; a None in their `.shape` stands for any size.

    Args:
        model: Functional `keras.Model` with named inputs.

    Returns:
        Dict of `keras.KerasTensor` by input name.
    """
    return {tensor.name: tensor for tensor in model.inputs}


def input_specs(model, batch=None):
    """Returns what a model takes, as a `tf.function` is told.

    Args:
        model: Functional `keras.Model` with named inputs.
        batch: Fixed number of examples, or None for any.

    Returns:
        Dict of `tf.TensorSpec` by input name.
    """
    import tensorflow as tf

    return {
        name: tf.TensorSpec((batch, *tensor.shape[1:]), tensor.dtype, name=name)
        for name, tensor in named_inputs(model).items()
    }


def declared(model, batch=None):
    """Returns a model as a signature that can be saved.

    Args:
        model: Functional `keras.Model` with named inputs and a dict of outputs.
        batch: Fixed number of examples, or None for any.

    Returns:
        Pair of a function of a dict of tensors and that dict of `tf.TensorSpec`, by input name.
    """
    return lambda inputs: model(inputs, training=False), input_specs(model, batch)


class Tensor(NamedTuple):
    """An input or output: its shape, where an open size is None, in LiteRT 1, and NumPy's dtype."""

    shape: tuple
    dtype: type


@dataclass(frozen=True)
class Signature:
    """A function of an export that is at hand.

    Attributes:
        function: From arrays to a dict of NumPy arrays by output name.
        inputs: Dict of `Tensor` by input name.
        outputs: Dict of `Tensor` by output name.

    Call arguments:
        **inputs: Arrays by input name.
    """

    function: Callable
    inputs: dict
    outputs: dict

    def __call__(self, **inputs):
        return self.function(**inputs)


def load_signatures(path, threads=None):
    """Loads the signatures of an export.

    Args:
        path: SavedModel folder or `.tflite` file.
        threads: int, how many a LiteRT file computes with; None for what its runtime chooses.

    Returns:
        Dict of `Signature` by name.

    Raises:
        ImportError: The extra `litert`, which runs such a file, is not installed.
    """
    if str(path).endswith(".tflite"):
        return _of_litert(path, threads)
    return _of_saved_model(path)


def _of_litert(path, threads):
    require("litert", "ai_edge_litert")
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    def tensors(details):
        return {name: Tensor(tuple(d["shape"]), d["dtype"]) for name, d in details.items()}

    options = {"model_path": str(path), "num_threads": threads}
    interpreter = Interpreter(**options)
    if any(-1 in details["shape_signature"] for details in interpreter.get_input_details()):
        # Of any length, some interpreters with XNNPACK go on with tensors of their first input.
        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        interpreter = Interpreter(**options, experimental_op_resolver_type=plain)
    runners = {n: interpreter.get_signature_runner(n) for n in interpreter.get_signature_list()}
    return {
        name: Signature(
            runner, tensors(runner.get_input_details()), tensors(runner.get_output_details())
        )
        for name, runner in runners.items()
    }


def _of_saved_model(path):
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))

    def tensors(specs):
        return {name: Tensor(tuple(s.shape), s.dtype.as_numpy_dtype) for name, s in specs.items()}

    def signature(function):
        def run(keep_alive=loaded, **inputs):
            outputs = function(**{name: tf.constant(value) for name, value in inputs.items()})
            return {name: value.numpy() for name, value in outputs.items()}

        inputs = tensors(function.structured_input_signature[1])
        return Signature(run, inputs, tensors(function.structured_outputs))

    return {name: signature(function) for name, function in loaded.signatures.items()}
