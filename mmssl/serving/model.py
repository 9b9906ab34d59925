"""A SavedModel that is served: its signatures, called with arrays."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401 - the operations that split texts

from mmssl.serving.errors import RefusedError, invalid
from mmssl.serving.tensors import Spec

KINDS = ("images", "frames", "waveform", "token_ids")
_REFUSALS = (tf.errors.InvalidArgumentError, tf.errors.OutOfRangeError)
_ASSERTION = "assertion failed: "
_WHERE = ("Graph execution error", "Detected at node", "<stack traces", "[[")


@dataclass(frozen=True)
class Signature:
    """A signature of a SavedModel.

    Attributes:
        name: str.
        inputs: dict of `Spec` by name.
        outputs: dict of `Spec` by name.
        function: concrete function.
    """

    name: str
    inputs: dict
    outputs: dict
    function: object

    def __call__(self, inputs):
        """Runs the signature.

        Args:
            inputs: dict of arrays by name that fit `inputs`.

        Returns:
            Dict of arrays by name; strings as object arrays of bytes.

        Raises:
            RefusedError: the model does not take these inputs, or the memory does not suffice.
        """
        tensors = {
            name: tf.constant(inputs[name], tf.as_dtype(spec.dtype))
            for name, spec in self.inputs.items()
        }
        try:
            outputs = self.function(**tensors)
        except _REFUSALS as error:
            raise invalid(_reason(error)) from None
        except tf.errors.ResourceExhaustedError:
            raise RefusedError(
                "RESOURCE_EXHAUSTED", "The batch does not fit into memory."
            ) from None
        return {name: value.numpy() for name, value in outputs.items()}


@dataclass(frozen=True)
class Model:
    """A SavedModel that is served.

    Attributes:
        name: str, as in `/v1/models/NAME`.
        version: int.
        signatures: dict of `Signature` by name.
        signature_defs: dict of `SignatureDef` protocol buffers by name.
        sample_rate: int, samples per second of its waveforms; None if unknown or without sound.
    """

    name: str
    version: int
    signatures: dict
    signature_defs: dict
    sample_rate: int | None = None

    @property
    def specs(self):
        """Dict by signature of dicts of `Spec` by input."""
        return {name: signature.inputs for name, signature in self.signatures.items()}

    @property
    def modality(self):
        """`"images"`, `"frames"`, `"waveform"` or `"token_ids"`, by the inputs; None for none."""
        names = {name for inputs in self.specs.values() for name in inputs}
        return next((kind for kind in KINDS if kind in names), None)


def read_saved_model(folder, name, version, sample_rate=None):
    """Loads a SavedModel.

    Args:
        folder: path with a `saved_model.pb`.
        name: str, to serve it under.
        version: int.
        sample_rate: int, of its waveforms.

    Returns:
        Model.

    Raises:
        ValueError: it has no signature.
    """
    from tensorflow.python.saved_model.loader_impl import parse_saved_model

    loaded = tf.saved_model.load(str(folder))
    if not loaded.signatures:
        raise ValueError(f"{folder} is a SavedModel without signatures, which cannot be served.")
    (graph,) = parse_saved_model(str(folder)).meta_graphs
    signatures = {
        key: Signature(
            key,
            _specs(function.structured_input_signature[1]),
            _specs(function.structured_outputs),
            _kept(function, loaded),
        )
        for key, function in loaded.signatures.items()
    }
    return Model(name, version, signatures, dict(graph.signature_def), sample_rate)


def _kept(function, loaded):
    """The function, which alone does not keep the variables that it reads alive."""
    return lambda _loaded=loaded, **tensors: function(**tensors)


def _specs(tensors):
    return {
        name: Spec(
            np.dtype(object) if spec.dtype == tf.string else np.dtype(spec.dtype.as_numpy_dtype),
            None if spec.shape.rank is None else tuple(spec.shape),
        )
        for name, spec in sorted(tensors.items())
    }


def _reason(error):
    """The line of an error of TensorFlow that says what is wrong, not where in the graph."""
    lines = (line.strip() for line in str(error.message).splitlines())
    said = (line for line in lines if line and not line.startswith(_WHERE))
    reason = next(said, "The model refuses these inputs.")
    if reason.startswith(_ASSERTION):  # of values, each in brackets
        return reason.removeprefix(_ASSERTION).replace("] [", " ").strip("[]")
    return reason
