"""Ending a run that has left the numbers, before it overwrites what is good."""

import json
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from mmssl.files import atomic_write, write_text


class Watch:
    """Notices, inside of a block, a step whose loss or gradient was not finite.

    The device remembers such a step by itself. A second thread reads that from an accelerator, for
    which the training waits only where it is two steps ahead: so it notices at the third step after
    at the latest. On a processor, where a step has ended when it returns, it is read at once; by
    several workers, which have to stop after the same step, after those at which they look.

    Args:
        method: compiled mmssl.methods.bases.Pretrainer.
        workers: Workers that train it; None for this process alone.
    """

    def __init__(self, method, workers=None):
        self._first = method.finite.first
        alone = workers is None or workers.count == 1
        self._look = (lambda: True) if alone else workers.look
        self._pool = ThreadPoolExecutor(1, "finite") if alone and _runs_ahead() else None
        self._reading, self._waited = None, False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._pool is not None:
            self._pool.shutdown()

    def has_found(self):
        """Says, after each step, whether it has noticed one."""
        if self._pool is None:
            return self._look() and self._first() is not None
        found = False
        if self._reading is not None and (self._waited or self._reading.done()):
            found, self._reading = self._reading.result() is not None, None
        self._waited = self._reading is not None
        if self._reading is None:
            self._reading = self._pool.submit(self._first)
        return found


def _runs_ahead():
    on_processor = {device.device_type for device in tf.config.list_logical_devices()} == {"CPU"}
    return keras.backend.backend() == "jax" or not on_processor


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
    before = method.finite.first()
    if before is None and _all_finite(method.trainable_variables):
        return
    step, what = (done, "A weight") if before is None else (before + 1, "The loss or its gradient")
    if folder is None:
        raise ValueError(f"{what} is not finite at step {step}; the chief says more.")
    batch = next(data.batches(step - 1, seed).as_numpy_iterator())
    with atomic_write(folder.not_finite_batch) as beside:
        np.savez(beside, **batch)
    shown = _shown(data, seed, step, batch)
    write_text(folder.not_finite, json.dumps(shown, indent=1))
    settle()
    kept = " The last checkpoint is of before." if folder.checkpoint.exists() else ""
    remedy = "Lower fit.learning_rate or set fit.clip_norm, and choose another --out."
    if shown["not_finite_items"]:
        of = ", ".join(shown["not_finite_items"])
        remedy = f"The batch itself is not: leave out {of}, and choose another --out."
    raise ValueError(
        f"{what} is not finite at step {step}, whose batch is in {folder.not_finite_batch}, its "
        f"items in {folder.not_finite}.{kept} {remedy}"
    )


def _all_finite(variables):
    sums = [ops.sum(ops.cast(v.value, "float32")) for v in variables]
    return bool(ops.all(ops.isfinite(ops.stack(sums))))


def _shown(data, seed, step, batch):
    """Describes the batch of a step, counted from 1: its elements and their items, in order."""
    first, end = (step - 1) * data.batch_size, step * data.batch_size
    numbers = tf.range(first, end, dtype=tf.int64)  # of one epoch, which has whole batches
    indices = data.item_index(numbers, tf.constant(seed, tf.int64)).numpy()
    items = [data.item_name(int(index)) for index in indices]
    wrong = np.zeros(len(items), bool)
    for values in batch.values():
        if np.issubdtype(values.dtype, np.floating) and len(values) == len(items):
            wrong |= ~np.isfinite(values.reshape(len(items), -1)).all(axis=1)
    return {
        "step": step,
        "elements": [first, end - 1],
        "items": items,
        "not_finite_items": sorted({items[i] for i in np.flatnonzero(wrong)}),
    }
