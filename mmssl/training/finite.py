"""Ending a run that has left the numbers, before it overwrites what is good."""

import json

import tensorflow as tf
from keras import ops

from mmssl.files import write_text


def check_finite(method, data, seed, folder, done, settle=lambda: None):
    """Ends a run in which a loss, a gradient or a weight is NaN or infinite.

    What the step was computed from is written to the run folder.

    Args:
        method: compiled mmssl.methods.bases.Pretrainer.
        data: Pipeline that the run trains on.
        seed: int, of the run.
        folder: RunFolder; None for a worker that writes nothing.
        done: int, steps that the run has made.
        settle: function that waits for a checkpoint that is being written.

    Raises:
        ValueError: something is not finite; names the first such step.
    """
    before = None if method.finite is None else method.finite.first()
    if before is None and _all_finite(method.trainable_variables):
        return
    step, what = (done, "A weight") if before is None else (before + 1, "The loss or its gradient")
    if folder is None:
        raise ValueError(f"{what} is not finite at step {step}; the chief says more.")
    write_text(folder.not_finite, json.dumps(_shown(data, seed, step), indent=1))
    settle()
    kept = " The last checkpoint is of before." if folder.checkpoint.exists() else ""
    raise ValueError(
        f"{what} is not finite at step {step}, of which {folder.not_finite} lists the items.{kept} "
        "Lower fit.learning_rate or set fit.clip_norm, and choose another --out."
    )


def _all_finite(variables):
    sums = [ops.sum(ops.cast(v.value, "float32")) for v in variables]
    return bool(ops.all(ops.isfinite(ops.stack(sums))))


def _shown(data, seed, step):
    """Describes the batch of a step, counted from 1: its elements and their items, in order."""
    first, end = (step - 1) * data.batch_size, step * data.batch_size
    numbers = tf.range(first, end, dtype=tf.int64)  # of one epoch, which has whole batches
    indices = data.item_index(numbers, tf.constant(seed, tf.int64)).numpy()
    return {
        "step": step,
        "elements": [first, end - 1],
        "items": [data.item_name(int(index)) for index in indices],
    }
