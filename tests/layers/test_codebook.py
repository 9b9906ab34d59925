"""A codebook: the nearest entry, and how entries follow what they replace."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from mmssl.layers import VectorQuantizer, straight_through
from tests.contract.building import mirrored
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close


def quantizer(entries=5, width=3, **options):
    keras.utils.set_random_seed(0)
    made = VectorQuantizer(entries, width, **options)
    made.build((None, width))
    return made


def vectors_of(rows=12, width=3, seed=1):
    return np.random.default_rng(seed).normal(size=(rows, width)).astype("float32")


def test_each_vector_gets_the_nearest_entry():
    layer, vectors = quantizer(), vectors_of().reshape(3, 4, 3)
    entries = np.asarray(layer.codebook, "float64")
    apart = np.square(vectors[..., None, :] - entries).sum(axis=-1)
    found = layer(vectors)
    np.testing.assert_array_equal(found["codes"], apart.argmin(axis=-1))
    np.testing.assert_array_equal(found["quantized"], entries[apart.argmin(axis=-1)])


def test_an_entry_is_its_own_code():
    layer = quantizer()
    found = layer(layer.codebook)
    np.testing.assert_array_equal(found["codes"], np.arange(5))
    np.testing.assert_array_equal(found["quantized"], layer.codebook)


def test_gradients_pass_as_if_nothing_had_been_replaced():
    layer, vectors = quantizer(), tf.constant(vectors_of())
    goal = vectors_of(seed=2)
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        quantized = layer(vectors)["quantized"]
        passed = straight_through(vectors, quantized)
        loss = ops.sum(ops.square(passed - goal))
    assert_close(passed, quantized, ROUNDING, scale=np.abs(vectors).max())
    assert_close(tape.gradient(loss, vectors), 2 * (passed - goal), SUM)


def test_entries_follow_the_means_of_what_they_replace():
    layer = quantizer(2, 2, momentum=0.99, restart=0)
    layer.codebook.assign([[0.0, 0.0], [50.0, 50.0]])
    layer.sums.assign(layer.codebook)
    vectors = np.float32([[1, 1], [1, 2], [1, 3]])
    layer.update(vectors, layer(vectors)["codes"])
    # The card's figures: N = 1.02, m = (0.03, 0.06), e = (0.029412, 0.058824) before smoothing.
    assert_close(layer.counts, [1.02, 0.99], SUM)
    assert_close(layer.sums, [[0.03, 0.06], [49.5, 49.5]], SUM)
    counts = np.array([1.02, 0.99])
    smoothed = (counts + 1e-5) / (counts.sum() + 2e-5) * counts.sum()
    assert_close(layer.codebook, np.asarray(layer.sums) / smoothed[:, None], SUM)
    assert_close(layer.codebook[0], [0.029412, 0.058824], 1000 * SUM)  # six digits of the card
    assert_close(layer.codebook[1], [50.0, 50.0], 1000 * SUM)  # unused: it stays but for smoothing


def test_a_dead_entry_begins_again_as_a_vector_of_the_batch_and_others_do_not():
    layer = quantizer(4, 2, restart=1.0)
    layer.codebook.assign([[0.0, 0.0], [90.0, 0.0], [0.0, 90.0], [90.0, 90.0]])
    layer.sums.assign(layer.codebook)
    vectors = vectors_of(40, 2)
    layer.update(vectors, layer(vectors)["codes"])
    entries = np.asarray(layer.codebook)
    assert np.abs(entries).max() < 5
    nearest = np.abs(vectors[None] - entries[1:, None]).sum(axis=-1).min(axis=1)
    assert nearest.max() < 1e-2  # but for smoothing
    assert len(np.unique(entries[1:], axis=0)) > 1
    assert_close(layer.counts[1:], 1.0, ROUNDING)
    assert layer.counts[0] > 1


def test_another_update_draws_other_vectors():
    layer, vectors = quantizer(4, 2), vectors_of(400, 2)
    first = np.asarray(layer._drawn(vectors))
    layer.updates.assign(1)
    assert (np.asarray(layer._drawn(vectors)) != first).any(axis=1).all()


def test_entries_are_trained_without_a_momentum_and_not_with_one():
    trained, vectors = quantizer(momentum=None), tf.constant(vectors_of())
    assert [w.name for w in trained.trainable_weights] == ["codebook"]
    assert not quantizer().trainable_weights
    with tf.GradientTape() as tape:
        found = trained(vectors)
        loss = ops.mean(ops.square(vectors - found["quantized"]))
    gradient = tf.convert_to_tensor(tape.gradient(loss, trained.codebook.value)).numpy()
    codes, entries = np.asarray(found["codes"]), np.asarray(trained.codebook)
    for entry in range(5):
        own = vectors.numpy()[codes == entry]
        assert_close(gradient[entry], 2 * (entries[entry] - own).sum(axis=0) / 36, NETWORK, scale=1)


def test_two_replicas_move_the_entries_as_one_does():
    vectors = vectors_of(16)
    whole = quantizer(8)
    whole.update(vectors, whole(vectors)["codes"])
    strategy = mirrored()
    with strategy.scope():
        shared = quantizer(8)

    def step(rows):
        shared.update(rows, shared(rows)["codes"])

    halves = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(np.split(vectors, 2)[context.replica_id_in_sync_group])
    )
    tf.function(lambda: strategy.run(step, (halves,)))()
    for name in ("codebook", "counts", "sums"):
        assert_close(getattr(shared, name).numpy(), getattr(whole, name).numpy(), SUM)


@pytest.mark.parametrize(
    "wrong", [{"entries": 1}, {"width": 0}, {"momentum": 1.0}, {"restart": -1.0}]
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}={next(iter(wrong.values()))}"):
        VectorQuantizer(**wrong)
