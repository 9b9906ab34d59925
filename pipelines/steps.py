"""Single batches by the number of their step, as they are in `Pipeline.batches`."""

import tensorflow as tf

from mmssl.pipelines.elements import mapped
from mmssl.pipelines.parts import WHOLE


def batch_maker(pipeline, seed, parts=WHOLE):
    """Returns a function that makes the batch of any step, or, of several parts, that of any turn.

    Args:
        pipeline: Pipeline, prepared.
        seed: see `Pipeline.batches`.
        parts: see `Pipeline.batches`; turns are those of `Parts.place`.

    Returns:
        function of an int64 scalar tensor, to a dict of tensors (batch_size / parts.of, ...).
    """
    rows, seed = parts.rows(pipeline.batch_size), tf.constant(seed, tf.int64)
    size = pipeline.batch_size if pipeline.rows_meet else rows

    def batch_at(begin):
        numbers = tf.data.Dataset.range(begin, begin + size)
        batches = mapped(pipeline.batched(numbers, seed, size), pipeline.finish_batch)
        return batches.get_single_element()

    def make(turn):
        step, part = parts.place(turn)
        if size == rows:
            return batch_at((step * parts.of + part) * rows)
        whole = batch_at(step * size)
        return {name: tf.stack(tf.split(x, parts.of))[part] for name, x in whole.items()}

    return tf.function(make, [tf.TensorSpec([], tf.int64)], autograph=False)
