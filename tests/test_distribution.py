"""Strategies of one process, and what their replicas send each other."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl import distribution
from mmssl.losses.vicreg import vicreg_loss
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.batch_norm import synchronize
from mmssl.strategy import make_strategy
from tests.tolerances import SUM, assert_close


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


def on_two(function, rows):
    """Runs a function of rows on two replicas with half of them each.

    Returns:
        list of what each returns; the operations that each sends with.
    """
    strategy = make_strategy("mirrored")
    halves = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(np.split(rows, 2)[context.replica_id_in_sync_group])
    )
    run = tf.function(lambda x: strategy.run(function, [x]), autograph=False)
    graph = run.get_concrete_function(halves).graph
    sent = [x for x in graph.get_operations() if x.type.startswith("Collective")]
    own = [x for x in sent if x.device.endswith(":0")]
    return strategy.experimental_local_results(run(halves)), own


ROWS = np.random.default_rng(0).normal(2.0, 3.0, (8, 6)).astype("float32")


def test_a_batch_norm_sends_one_tensor_forward_and_one_back():
    with make_strategy("mirrored").scope():
        norm = keras.layers.BatchNormalization(synchronized=True)
        norm.build((None, 6))
    assert synchronize(keras.Sequential([norm]), on=True) == []

    def differentiated(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(norm(x, training=True) ** 3)
        return tape.gradient(loss, x)

    gradients, sent = on_two(differentiated, ROWS)
    assert [x.type for x in sent] == 2 * ["CollectiveReduceV2"]
    with tf.GradientTape() as tape:
        whole = tf.constant(ROWS)
        tape.watch(whole)
        mean, variance = tf.nn.moments(whole, 0)
        loss = tf.reduce_sum(((whole - mean) * tf.math.rsqrt(variance + 1e-3)) ** 3)
    expected = tape.gradient(loss, whole)
    assert_close(np.concatenate(gradients), expected, SUM, np.abs(expected).max())


def test_the_variance_of_all_replicas_keeps_its_digits_far_from_zero():
    """As at the first batch norm of log mel spectrograms; what it loses, every step magnifies."""
    rows = (100.0 + ROWS).astype("float32")
    found, sent = on_two(lambda x: distribution.moments(x, [0]), rows)
    assert len(sent) == 1
    for mean, variance in found:
        assert_close(mean, rows.mean(0, dtype="float64"), SUM, 100.0)
        assert_close(variance, rows.var(0, dtype="float64"), SUM, rows.var())


@pytest.mark.parametrize(("width", "matrices"), [(6, 2), (40, 0)])
def test_vicreg_sends_its_rows_where_they_are_fewer_than_the_matrix(width, matrices):
    rows = np.random.default_rng(0).normal(size=(8, 2, width)).astype("float32")
    losses, sent = on_two(lambda x: vicreg_loss(x[:, 0], x[:, 1]), rows)
    reduced = [x.inputs[0].shape.num_elements() for x in sent if "Reduce" in x.type]
    assert max(reduced, default=0) == matrices * width**2
    whole = vicreg_loss(rows[:, 0], rows[:, 1])
    assert_close(np.mean(losses), whole, SUM, float(whole))


class Normalizing(Pretrainer):
    """Has a batch norm, and a loss."""

    metric_names = ("size",)

    def __init__(self):
        x = inputs = keras.Input((6,), name="x")
        x = keras.layers.BatchNormalization(synchronized=True, name="norm", momentum=0.5)(x)
        super().__init__(keras.Model({"x": inputs}, {"features": x, "embedding": x}))

    def loss_terms(self, batch, outputs, training):
        return {"size": keras.ops.mean(outputs["embedding"])}


@pytest.mark.parametrize("synchronize", [True, False])
def test_replicas_have_the_same_statistics_whether_they_share_a_batch_or_not(synchronize):
    with make_strategy("mirrored").scope():
        method = Normalizing()
        method.compile("sgd", synchronize=synchronize)
    _, sent = on_two(lambda x: method.train_step({"x": x}), ROWS)
    assert len(sent) == (2 if synchronize else 1)
    norm = method.encoder.get_layer("norm")
    variance = [x.numpy() for x in norm.moving_variance.value.values]
    np.testing.assert_array_equal(*variance)
    parts = [ROWS] if synchronize else np.split(ROWS, 2)
    expected = 0.5 + 0.5 * np.mean([part.var(0) for part in parts], axis=0)
    assert_close(variance[0], expected, SUM, expected.max())
