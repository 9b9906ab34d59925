"""Embeddings of a whole dataset, with constant memory besides the result."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mmssl.encoders import blocks, cut
from mmssl.evaluation.probes.linear import GRID


@dataclass(eq=False)
class Features:
    """Features of the parts of a labeled source, and how a linear probe should treat them.

    Attributes:
        parts: list of arrays or sparse matrices (N, D): train, test and, if there is one, val.
        name: description of the features.
        standardize: whether the linear probe standardizes each dimension.
        grid: inverse L2 regularization strengths that the linear probe chooses from.
    """

    parts: list[Any]
    name: str
    standardize: bool = True
    grid: tuple[float, ...] = GRID


class Embedder:
    """An encoder compiled once, for batches of any size and length.

    Args:
        encoder: keras.Model with named inputs and the outputs `features` and `embedding`.
        layer: name of the block whose pooled output is the embedding; None for the whole encoder;
            "all" for the whole encoder and every block.
        every_block: whether to embed every block as well, whatever the `layer`.

    Attributes:
        width: D of the embedding.
        block_widths: dict from the name of each embedded block to its D.

    Raises:
        ValueError: there is no such block.
    """

    def __init__(self, encoder, layer=None, every_block=False):
        model = encoder if layer in (None, "all") else cut(encoder, layer)
        names = blocks(encoder) if layer == "all" or every_block else []
        cuts = {name: cut(encoder, name) for name in names}
        # One forward pass for all blocks: only the pooling differs.
        maps = {name: part.output["features"] for name, part in cuts.items()}
        trunk = keras.Model(encoder.input, {**maps, "embedding": model.output["embedding"]})
        pools = {
            name: keras.Model([maps[name], *encoder.input.values()], part.output["embedding"])
            for name, part in cuts.items()
        }
        signature = {name: tf.TensorSpec(x.shape, x.dtype) for name, x in encoder.input.items()}

        @tf.function(input_signature=[signature], autograph=False)
        def forward(batch):
            outputs = dict(trunk(batch, training=False))
            for name, pool in pools.items():
                inputs = [outputs[name], *(batch[key] for key in signature)]
                outputs[name] = pool(inputs, training=False)
            return {name: tf.cast(value, tf.float32) for name, value in outputs.items()}

        self.forward, self.inputs, self.outputs = forward, list(signature), list(trunk.output)
        self.width = trunk.output["embedding"].shape[-1]
        self.block_widths = {name: pool.output.shape[-1] for name, pool in pools.items()}

    def batches(self, examples):
        """Embeds examples batch by batch, in inference mode.

        Args:
            examples: iterable of dicts of arrays or tensors with at least the encoder's inputs,
                such as `Pipeline.examples(source)`.

        Yields:
            dict from `"embedding"` and, if all blocks are embedded, the name of each block to a
            float32 array (B, D).

        Raises:
            ValueError: an input is missing.
        """
        for batch in examples:
            if not set(self.inputs) <= set(batch):
                raise ValueError(
                    f"The encoder takes {', '.join(self.inputs)}; the examples hold "
                    f"{', '.join(batch)}."
                )
            embedded = self.forward({name: batch[name] for name in self.inputs})
            yield {name: values.numpy() for name, values in embedded.items()}

    def __call__(self, examples, progress=None):
        """Embeds every example.

        Args:
            examples: see `batches`.
            progress: None or function (examples done), called after each batch.

        Returns:
            dict of the arrays that `batches` yields, concatenated: float32 (N, D).

        Raises:
            ValueError: there are no examples, or an input is missing.
        """
        rows, done = {name: np.empty((0, 0), np.float32) for name in self.outputs}, 0
        for embedded in self.batches(examples):
            for name, values in embedded.items():
                _append(rows[name], values, done)
            done = len(rows["embedding"])
            if progress is not None:
                progress(done)
        if done == 0:
            raise ValueError("There are no examples to embed.")
        return rows


def embed(encoder, examples, layer=None, progress=None):
    """Embeds every example, in inference mode, with constant memory besides the result.

    Args:
        encoder: see `Embedder`.
        examples: see `Embedder.__call__`; batches may differ in size and length.
        layer: name of the block whose pooled output is the embedding; None for the whole encoder.
        progress: see `Embedder.__call__`.

    Returns:
        float32 array (N, D).

    Raises:
        ValueError: there are no examples, an input is missing, or there is no such block.
    """
    return Embedder(encoder, layer)(examples, progress)["embedding"]


def _append(rows, values, done):
    # Growing in place needs no second copy of the result, unlike concatenating a list of batches.
    rows.resize((done + len(values), values.shape[1]), refcheck=False)
    rows[done:] = values
