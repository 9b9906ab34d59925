"""Strategies of one process."""

import keras
import pytest
import tensorflow as tf

from mmssl.strategy import make_strategy


def trained(width):
    """Runs a batch norm of some width on two replicas, under a strategy of its own."""
    strategy = make_strategy("mirrored")
    with strategy.scope():
        norm = keras.layers.BatchNormalization(synchronized=True)
        norm.build((None, width))
    batches = tf.data.Dataset.from_tensors(tf.ones((4, width))).repeat()
    batch = next(iter(strategy.experimental_distribute_dataset(batches)))
    tf.function(lambda x: strategy.run(lambda rows: norm(rows, training=True), [x]))(batch)
    return norm.moving_mean.numpy()


@pytest.mark.parametrize("width", [3, 5, 4])
def test_runs_of_one_process_reduce_over_replicas_whatever_their_shapes(width):
    assert trained(width).shape == (width,)
