"""Embeddings of a whole dataset, with constant memory besides the result."""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from mmssl.encoders import blocks, cut, reach, without_levels
from mmssl.encoders.parts.whitening import unwhitened
from mmssl.evaluation.probes.linear import GRID
from mmssl.evaluation.probes.long_recordings import embed_recording
from mmssl.methods.bases.towers import UNIT
from mmssl.pipelines.audio.budget import SAMPLES


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
        encoder: keras.Model with named inputs and the outputs `features` and `embedding`, which may
            be whitened.
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
        encoder, whitening = unwhitened(encoder)
        whole = layer in (None, "all")
        model = encoder if whole else cut(encoder, layer)
        # After the pooling of long recordings, whose windows have no whitened embedding.
        self._whitening = whitening if whole else None
        names = blocks(encoder) if layer == "all" or every_block else []
        cuts = {name: cut(encoder, name) for name in names}
        # One forward pass for all blocks: only the pooling differs.
        maps = {name: part.output["features"] for name, part in cuts.items()}
        trunk = keras.Model(encoder.input, {**maps, "embedding": model.output["embedding"]})
        pools = {
            name: keras.Model([maps[name], *encoder.input.values()], part.output["embedding"])
            for name, part in cuts.items()
        }
        self._trunk, self._pools, self._parts = trunk, pools, {**cuts, "embedding": model}
        self.forward = compiled(trunk, pools)
        self.inputs, self.outputs = list(encoder.input), list(trunk.output)
        self.width = trunk.output["embedding"].shape[-1]
        if self._whitening is not None:
            self.width = self._whitening.kernel.shape[1]
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
            yield self._whitened(self._embedded(self.forward, batch))

    def _embedded(self, forward, batch):
        if not set(self.inputs) <= set(batch):
            raise ValueError(
                f"The encoder takes {', '.join(self.inputs)}; the examples hold {', '.join(batch)}."
            )
        embedded = forward({name: batch[name] for name in self.inputs})
        return {name: ops.convert_to_numpy(values) for name, values in embedded.items()}

    def _whitened(self, embedded):
        if self._whitening is None:
            return embedded
        return embedded | {"embedding": self._whitening(embedded["embedding"])}

    def numbered(self, data, source):
        """Embeds every item of a source in memory that follows neither their number nor length.

        Recordings that are too long to be embedded at once are embedded in windows, see
        `embed_recording`.

        Args:
            data: Pipeline.
            source: Source.

        Yields:
            pair of int64 (B,), the indices of the items, in any order, and what `batches` yields.
        """
        examples, long = data.numbered_examples(source)
        for numbers, batch in examples:
            yield numbers.numpy(), self._whitened(self._embedded(self.forward, batch))
        for index in long:
            inputs = partial(data.item_inputs(source), index)
            with data.parts(source).open(index) as recording:
                embedded = embed_recording(recording, inputs, **self.windowed)
                yield np.array([index]), self._whitened(embedded)

    @cached_property
    def windowed(self):
        """What `embed_recording` takes of an encoder, as keyword arguments."""
        if any(layer.name == UNIT for layer in self._parts["embedding"].layers):
            raise ValueError(
                f"recordings of more than {SAMPLES} samples are embedded in parts, which the tower "
                "of a run of pairs cannot be: its vectors have unit length. Cut them first."
            )
        trunk, level = without_levels(self._trunk)
        forward = compiled(trunk, self._pools)
        return {
            "embed": partial(self._embedded, forward),
            "reach": reach(self._parts["embedding"]),
            "level": level,
            "pools": {
                name: (part.get_layer("pool"), reach(part).hop)
                for name, part in self._parts.items()
            },
        }

    def source(self, data, source, progress=None):
        """Embeds every item of a source.

        Args:
            data: Pipeline.
            source: Source.
            progress: None or function (items done), called after each batch.

        Returns:
            dict of the arrays that `batches` yields, in the order of the items: float32 (N, D).
        """
        widths = {**self.block_widths, "embedding": self.width}
        rows, done = {n: np.empty((len(source), d), np.float32) for n, d in widths.items()}, 0
        for numbers, embedded in self.numbered(data, source):
            for name, values in embedded.items():
                rows[name][numbers] = values
            done += len(numbers)
            if progress is not None:
                progress(done)
        return rows

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


def embed_source(encoder, data, source, layer=None):
    """Embeds every item of a source, see `Embedder.numbered`.

    Args:
        encoder: see `Embedder`.
        data: Pipeline.
        source: Source.
        layer: see `embed`.

    Returns:
        float32 array (N, D).
    """
    return Embedder(encoder, layer).source(data, source)["embedding"]


def compiled(trunk, pools):
    """Compiles an encoder and the pooling of its blocks, for inputs of any size and length.

    Args:
        trunk: functional keras.Model with outputs by name.
        pools: dict from the name of an output to the keras.Model that pools it.

    Returns:
        function of a dict of inputs to a dict of float32 tensors.
    """

    def forward(batch):
        outputs = dict(trunk(batch, training=False))
        for name, pool in pools.items():
            inputs = [outputs[name], *(batch[key] for key in trunk.input)]
            outputs[name] = pool(inputs, training=False)
        return {name: ops.cast(value, "float32") for name, value in outputs.items()}

    if keras.backend.backend() == "jax":
        return _compiled_by_jax(forward, [trunk, *pools.values()])
    signature = {name: tf.TensorSpec(x.shape, x.dtype) for name, x in trunk.input.items()}
    return tf.function(forward, input_signature=[signature], autograph=False)


def _compiled_by_jax(forward, models):
    """Compiles a function of what tf.data gives, anew for every shape."""
    import jax

    variables = list({id(v): v for model in models for v in model.variables}.values())

    @jax.jit
    def pure(values, batch):
        with keras.StatelessScope(state_mapping=zip(variables, values, strict=True)):
            return forward(batch)

    return lambda batch: pure(
        [v.value for v in variables], {name: np.asarray(x) for name, x in batch.items()}
    )


def _append(rows, values, done):
    # Growing in place needs no second copy of the result, unlike concatenating a list of batches.
    rows.resize((done + len(values), values.shape[1]), refcheck=False)
    rows[done:] = values
