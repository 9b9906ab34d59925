"""Batches of encoded files or strings, as the inputs of an encoder, in TensorFlow alone."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from mmssl.pipelines.audio.conditioned import of_unknown_speakers
from mmssl.pipelines.audio.windows import AudioWindows
from mmssl.pipelines.images.crops import ImageCrops
from mmssl.pipelines.in_graph import pictures, wav
from mmssl.pipelines.in_graph.limits import MOST_PIXELS
from mmssl.pipelines.in_graph.tokenizing import tokenizer_in_graph
from mmssl.pipelines.in_graph.utf8 import decode_text
from mmssl.pipelines.text.documents import Documents

# Samples of a batch of recordings, padding included; an encoder needs kilobytes for each.
MOST_SAMPLES = 2**21
_AT_ONCE = 4  # files that are decoded at a time, so that memory is bounded


@dataclass(frozen=True)
class RawInputs:
    """What a pipeline makes of encoded files or strings, as a function of TensorFlow alone.

    Attributes:
        name: of the input, `bytes` of files or `text`.
        readable: what it can be, in words.
        limits: dict from a limit's name to its value.
        resources: tf.Module with the tables that the function looks up, or None.
        function: from a string tensor (B,), B from 0 on, to a dict of tensors (B, ...) by the name
            of an encoder's input. It fails with the reason for what cannot be read.
    """

    name: str
    readable: str
    limits: dict
    function: Callable
    resources: object = None


def raw_inputs(pipeline):
    """Returns what turns encoded files or strings into the inputs that a pipeline makes of them.

    Args:
        pipeline: Pipeline of sounds, pictures or texts, with its vocabulary.

    Returns:
        RawInputs.

    Raises:
        ValueError: the pipeline is of another kind.
    """
    for kind, make in _MAKERS.items():
        if isinstance(pipeline, kind):
            return make(pipeline)
    raise ValueError(
        f"{type(pipeline).__name__} is no pipeline of sounds, pictures or texts: only these have "
        "raw inputs"
    )


def _of_pictures(pipeline):
    size = pipeline.size

    def function(files):
        return tf.map_fn(
            lambda file: pipeline.inputs(pictures.decode_picture(file)),
            files,
            fn_output_signature={"images": tf.TensorSpec([size, size, 3])},
            parallel_iterations=_AT_ONCE,
        )

    limits = {"pixels": MOST_PIXELS, "size": size}
    return RawInputs("bytes", pictures.READABLE, limits, function)


def _of_sounds(pipeline):
    rate = pipeline.sample_rate
    specs = {
        name: tf.RaggedTensorSpec(value.shape, value.dtype, ragged_rank=0)
        for name, value in _sound(pipeline).structured_outputs.items()
    }

    def function(files):
        found = tf.map_fn(
            lambda file: pipeline.inputs(wav.decode_wav(file, rate)),
            files,
            fn_output_signature=specs,
            parallel_iterations=_AT_ONCE,
        )
        samples = found["waveform"].bounding_shape(out_type=tf.int64)
        few = tf.reduce_prod(samples) <= MOST_SAMPLES
        too_many = f"they have more than {MOST_SAMPLES} samples, padded to the longest: send fewer"
        with tf.control_dependencies([tf.Assert(few, [too_many])]):
            batch = {name: _padded(value, specs[name]) for name, value in found.items()}
        return of_unknown_speakers(pipeline, batch)

    limits = {"samples": MOST_SAMPLES, "sample_rate": rate}
    return RawInputs("bytes", wav.READABLE, limits, function)


def _padded(ragged, spec):
    """Pads to the longest; of an empty batch, too, the shape is that of the inputs."""
    dense = ragged.to_tensor()
    return tf.reshape(dense, [*tf.unstack(tf.shape(dense)[:2]), *spec.shape[1:]])


def _sound(pipeline):
    """Returns a function of a waveform that makes the inputs, to look at their shapes."""
    spec = [tf.TensorSpec([None])]
    return tf.function(lambda wave: pipeline.inputs(wave), spec).get_concrete_function()


def _of_texts(pipeline):
    there = copy.copy(pipeline)
    there.tokenizer = tokenizer_in_graph(pipeline.tokenizer)

    def function(texts):
        decoded = tf.map_fn(decode_text, texts, parallel_iterations=_AT_ONCE)
        return there.encode(there.beginning(decoded, there.length))

    limits = {"tokens": pipeline.length}
    return RawInputs("text", "UTF-8 text", limits, function, there.tokenizer)


_MAKERS = {ImageCrops: _of_pictures, AudioWindows: _of_sounds, Documents: _of_texts}
