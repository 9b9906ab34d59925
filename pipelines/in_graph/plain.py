"""Samples and pixels as the inputs of an encoder, in operations that a phone's runtime has too."""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from mmssl.pipelines.audio.conditioned import of_unknown_speakers
from mmssl.pipelines.audio.decoding import mono
from mmssl.pipelines.audio.windows import AudioWindows
from mmssl.pipelines.elements import mapped
from mmssl.pipelines.images.crops import ImageCrops
from mmssl.pipelines.images.resampling import center_crop_by_products

_FULL_SCALE = 2**15


@dataclass(frozen=True)
class PlainInputs:
    """What a pipeline makes of samples or pixels, in operations that convert to LiteRT.

    Attributes:
        name: of the input, `pcm` or `pixels`.
        spec: tf.TensorSpec (1, ...) of it.
        function: from such a tensor to a dict of tensors (1, ...) by the name of an encoder's
            input.
        products: number of products of matrices in the function.
        items: function of a Source that returns a tf.data.Dataset of such tensors, one an item; of
            a long recording, the window in its middle.
    """

    name: str
    spec: tf.TensorSpec
    function: Callable
    products: int
    items: Callable


def plain_inputs(pipeline):
    """Returns what turns samples or pixels into the inputs that a pipeline makes of them.

    Samples are 16-bit integers at the pipeline's rate, as microphones and WAV files have them, and
    of one channel; pixels are RGB of 8 bits, of a picture of any size.

    Args:
        pipeline: Pipeline of sounds or pictures.

    Returns:
        PlainInputs.

    Raises:
        ValueError: the pipeline is of another kind.
    """
    if isinstance(pipeline, AudioWindows):
        return _of_sounds(pipeline)
    if isinstance(pipeline, ImageCrops):
        return _of_pictures(pipeline)
    raise ValueError(
        f"{type(pipeline).__name__} makes neither sounds nor pictures: a phone's runtime has no "
        "operations that split texts into tokens, so it is sent tensors"
    )


def _of_sounds(pipeline):
    def function(pcm):
        inputs = pipeline.inputs(mono(pcm[0]))
        batch = {name: value[tf.newaxis] for name, value in inputs.items()}
        return of_unknown_speakers(pipeline, batch)

    def items(source):
        return mapped(pipeline.middles(source, 1), lambda batch: _as_pcm(batch["waveform"]))

    return PlainInputs("pcm", tf.TensorSpec([1, None], tf.int16, "pcm"), function, 0, items)


def _as_pcm(waveform):
    scaled = tf.round(waveform * _FULL_SCALE)
    return tf.cast(tf.clip_by_value(scaled, -_FULL_SCALE, _FULL_SCALE - 1), tf.int16)


def _of_pictures(pipeline):
    def function(pixels):
        return {"images": center_crop_by_products(pixels, pipeline.size)}

    def items(source):
        decode = pipeline.decoder_for(source)
        numbers = tf.data.Dataset.range(len(source))
        return mapped(numbers, lambda number: decode(source.read(number))[tf.newaxis])

    spec = tf.TensorSpec([1, None, None, 3], tf.uint8, "pixels")
    return PlainInputs("pixels", spec, function, 2, items)
