"""Single batches by the number of their step, as they are in `Pipeline.batches`."""

import tensorflow as tf

from mmssl.pipelines.elements import mapped


def batch_maker(pipeline, seed):
    """Returns a function that makes the batch of any step.

    Args:
        pipeline: Pipeline, prepared.
        seed: see `Pipeline.batches`.

    Returns:
        function of an int64 scalar tensor, to a dict of tensors (batch_size, ...).
    """
    size, seed = pipeline.batch_size, tf.constant(seed, tf.int64)

    def make(step):
        numbers = tf.data.Dataset.range(step * size, (step + 1) * size)
        batches = mapped(pipeline.batched(numbers, seed, size), pipeline.finish_batch)
        return batches.get_single_element()

    return tf.function(make, [tf.TensorSpec([], tf.int64)], autograph=False)
