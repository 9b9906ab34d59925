"""Functions of TensorFlow traced once, and what they make of a file beside the pipeline's own."""

import functools
import re

import tensorflow as tf

from mmssl.pipelines.audio.decoding import decode_audio
from mmssl.pipelines.images.decoding import decode_image
from mmssl.pipelines.in_graph.pictures import decode_picture
from mmssl.pipelines.in_graph.wav import decode_wav

RATE = 8000
_FILE = [tf.TensorSpec([], tf.string)]


@functools.cache
def picture_decoders():
    """In the graph alone, and as the pipeline does it."""
    return tf.function(decode_picture, _FILE), tf.function(decode_image, _FILE)


@functools.cache
def sound_decoders(rate=RATE):
    """In the graph alone, and as the pipeline does it."""
    alone = tf.function(lambda file: decode_wav(file, rate), _FILE)
    return alone, tf.function(lambda file: decode_audio(file, rate), _FILE)


def refusal(decode, file):
    """Returns why a file is refused; fails where it is not."""
    try:
        decode(file)
    except tf.errors.InvalidArgumentError as error:
        found = re.search(r"assertion failed: (.*)", error.message)
        return found[1] if found else error.message
    raise AssertionError("it was decoded")
