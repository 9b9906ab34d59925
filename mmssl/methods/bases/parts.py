"""The parts of a batch whose gradients a step accumulates."""

import keras
from keras import ops

from mmssl import distribution

WHOLE = "whole_batch"  # key under which a part holds the batch that it is of


def split(batch, count):
    """Splits a batch into parts of equal size, each of which knows the whole.

    Args:
        batch: dict of tensors (B, ...).
        count: int that divides B.

    Returns:
        list of dicts.
    """
    parts = {name: ops.split(x, count, axis=0) for name, x in batch.items()}
    return [{**{name: parts[name][i] for name in parts}, WHOLE: batch} for i in range(count)]


def batch_total(batch, amount):
    """Computes what a loss is divided by that is to be the mean over a step's whole batch.

    A step adds up the losses of all replicas and parts, each divided by their number. A sum that
    is divided by this total has the same weight in all of them.

    Args:
        batch: dict of tensors, the whole batch of this replica or a part of it.
        amount: function (batch) -> scalar, such as a number of tokens.

    Returns:
        float32 scalar, the mean amount per part and replica.
    """
    whole = batch.get(WHOLE, batch)
    total = distribution.mean(amount(whole))
    if whole is batch:
        return total
    return total * _rows(batch) / _rows(whole)


def check_splittable(method, count):
    """Checks that the gradients of a method's parts add up to that of the whole batch.

    Args:
        method: mmssl.methods.bases.Pretrainer.
        count: int, number of parts.

    Raises:
        ValueError: they do not, or the count is not 1 or more.
    """
    if count < 1:
        raise ValueError(f"accumulate must be 1 or more; got {count}.")
    if count == 1:
        return
    name, instead = type(method).__name__, "set it to 1, or lower data.batch_size instead"
    if keras.backend.backend() != "tensorflow":
        raise ValueError(f"fit.accumulate={count} needs the TensorFlow backend: set it to 1.")
    if not method.splits_batches:
        raise ValueError(
            f"fit.accumulate={count} would compute a batch in parts, but the loss of {name} looks "
            f"across the whole batch: {instead}."
        )
    normed = [x for x in method._flatten_layers() if isinstance(x, keras.layers.BatchNormalization)]
    if normed:
        raise ValueError(
            f"fit.accumulate={count} would compute a batch in parts, but {name} normalizes by the "
            f"statistics of the whole batch, in {normed[0].name}: {instead}."
        )


def _rows(batch):
    return ops.cast(ops.shape(keras.tree.flatten(batch)[0])[0], "float32")
