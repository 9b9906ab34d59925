"""Labeled batches without an end, from any of them on."""

import numpy as np
import tensorflow as tf


def labeled_batches(data, source, codes, batch_size, seed, start=0):
    """Returns batches of the encoder's inputs with the classes of the items, round and round.

    The order is drawn once. Items are as large as in training, and every batch is whole: what is
    left at the end of the order is never shown.

    Args:
        data: Pipeline.
        source: Source of N items.
        codes: int array (N,), numbers of their classes.
        batch_size: items per batch, at most N.
        seed: of the order.
        start: number of the first batch.

    Returns:
        tf.data.Dataset of pairs: dict of the encoder's inputs, and int32 (batch_size,).
    """
    count = len(source) // batch_size
    order = np.random.default_rng(seed).permutation(len(source))[: count * batch_size]
    whole = with_codes(data, source, codes, order, batch_size).repeat()
    begun = start % count
    if not begun:
        return whole
    rest = with_codes(data, source, codes, order[begun * batch_size :], batch_size)
    return rest.concatenate(whole)


def with_codes(data, source, codes, rows, batch_size):
    """Returns some items with their classes, once.

    Args:
        data: Pipeline.
        source: Source.
        codes: int array (N,), numbers of the classes of its items.
        rows: int array (M,), the items to take.
        batch_size: items per batch; the last batch may be smaller.

    Returns:
        tf.data.Dataset as that of `labeled_batches`.
    """
    numbers = tf.data.Dataset.from_tensor_slices(codes[rows].astype(np.int32))
    inputs = data.middles(source.select(rows), batch_size)
    return tf.data.Dataset.zip(inputs, numbers.batch(batch_size))
