"""What a LiteRT file is given of an item: an encoder's tensors, or its samples or pixels."""

from collections.abc import Callable
from dataclasses import dataclass

from mmssl.deploy.litert import BATCH
from mmssl.deploy.signatures import declared
from mmssl.pipelines.in_graph.plain import plain_inputs

INPUTS = ("tensors", "raw")


@dataclass(frozen=True)
class Given:
    """An encoder, and what it takes in a file.

    Attributes:
        signature: Pair as of `mmssl.deploy.signatures.declared`, for one example.
        products: Number of products of matrices between the inputs and the encoder.
        examples: Function of a Source that yields a dict of arrays by input name for every item, as
            large as in training.
    """

    signature: tuple
    products: int
    examples: Callable


def given(inputs, data, encoder):
    """Returns an encoder with one of the forms that its inputs can have.

    Args:
        inputs: `"tensors"`, or `"raw"` for what `mmssl.pipelines.in_graph.plain` describes.
        data: Pipeline of the run.
        encoder: Functional `keras.Model` with named inputs and a dict of outputs.

    Returns:
        `Given`.

    Raises:
        ValueError: The form is unknown, or of texts, which have no raw one.
    """
    if inputs not in INPUTS:
        raise ValueError(f"inputs={inputs!r} must be one of {', '.join(INPUTS)}.")
    return _tensors(data, encoder) if inputs == "tensors" else _raw(data, encoder)


def _tensors(data, encoder):
    def examples(source):
        batches = data.middles(source, BATCH).as_numpy_iterator()
        return ({name: batch[name] for name in encoder.input} for batch in batches)

    return Given(declared(encoder, BATCH), 0, examples)


def _raw(data, encoder):
    plain = plain_inputs(data)

    def embed(inputs):
        return encoder(plain.function(inputs[plain.name]), training=False)

    def examples(source):
        return ({plain.name: array} for array in plain.items(source).as_numpy_iterator())

    return Given((embed, {plain.name: plain.spec}), plain.products, examples)
