"""Whole images, each with what a method draws for it, the same at every call."""

import tensorflow as tf

from mmssl.pipelines.elements import fixed_keys, mapped
from mmssl.pipelines.sources import Source


def with_draws(pipeline, draw, source, batch_size):
    """Returns the examples of a source, each with a draw of its own: a function of its number.

    Args:
        pipeline: ImageCrops.
        draw: function from a key, int64 (2,), to a dict of tensors.
        source: Source, or anything that the pipeline's `open` accepts.
        batch_size: items per batch; the last batch may be smaller.

    Returns:
        tf.data.Dataset of dicts of images and what was drawn.
    """
    source = source if isinstance(source, Source) else pipeline.open(source)
    draws = mapped(fixed_keys(len(source)), draw)
    pairs = tf.data.Dataset.zip(pipeline.examples(source, batch_size), draws.batch(batch_size))
    return mapped(pairs, lambda inputs, drawn: {**inputs, **drawn})
