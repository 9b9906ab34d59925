"""Entries that noisy logits mix: what is mixed, with which noise, and how cool it gets."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.layers import GumbelCodebook
from tests.contract.building import mirrored
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close, mean_margin

EULER = 0.5772156649


def codebook(entries=5, width=3, seed=0, **options):
    keras.utils.set_random_seed(seed)
    made = GumbelCodebook(entries, width, **{"anneal_steps": 4, **options})
    made.build((None, None, entries))
    return made


def logits_of(rows=6, places=4, entries=5, seed=1):
    return np.random.default_rng(seed).normal(size=(rows, places, entries)).astype("float32")


def softmax(x):
    shifted = np.exp(x - x.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def test_in_training_entries_are_mixed_by_the_softmax_of_noisy_logits():
    layer, logits = codebook(temperature=0.7), logits_of()
    noise = np.asarray(layer._noise(logits), "float64")
    found = layer(logits, relaxed=True)
    shares = softmax((logits + noise) / 0.7)
    assert_close(found["quantized"], shares @ np.asarray(layer.codebook, "float64"), SUM)
    np.testing.assert_array_equal(found["codes"], shares.argmax(axis=-1))


def test_without_training_the_largest_logit_takes_its_entry():
    layer, logits = codebook(), logits_of()
    found = layer(logits)
    np.testing.assert_array_equal(found["codes"], logits.argmax(axis=-1))
    np.testing.assert_array_equal(
        found["quantized"], np.asarray(layer.codebook)[logits.argmax(axis=-1)]
    )
    np.testing.assert_array_equal(layer.lookup(found["codes"]), found["quantized"])


def test_when_it_is_cool_what_is_mixed_is_nearly_one_entry():
    layer, logits = codebook(temperature=1e-3, final_temperature=1e-3), logits_of()
    found = layer(logits, relaxed=True)
    entries = np.asarray(layer.codebook)[np.asarray(found["codes"])]
    sure = np.diff(np.sort(logits + layer._noise(logits))[..., -2:])[..., 0] > 0.1
    assert sure.mean() > 0.5
    assert_close(np.asarray(found["quantized"])[sure], entries[sure], SUM)


def test_logits_get_the_gradient_of_what_is_mixed():
    layer, logits = codebook(temperature=0.5), tf.constant(logits_of(2, 2))
    direction = np.random.default_rng(2).normal(size=(2, 2, 3)).astype("float32")
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = tf.reduce_sum(direction * layer(logits, relaxed=True)["quantized"])
    soft = softmax((logits.numpy() + np.asarray(layer._noise(logits))) / 0.5)
    into = direction @ np.asarray(layer.codebook).T
    expected = soft * (into - (soft * into).sum(-1, keepdims=True)) / 0.5
    assert_close(tape.gradient(loss, logits), expected, NETWORK)


def test_it_cools_with_half_a_cosine_and_then_stays():
    layer = codebook(temperature=1.0, final_temperature=0.25)
    seen = []
    for _ in range(6):
        seen.append(float(layer.current_temperature()))
        layer.advance()
    middle = 0.25 + 0.75 / 2
    quarter = 0.75 * np.cos(np.pi / 4) / 2
    expected = [1.0, middle + quarter, middle, middle - quarter, 0.25, 0.25]
    assert_close(seen, expected, SUM)


def test_another_step_another_place_and_another_seed_have_other_noise():
    layer, logits = codebook(), logits_of(2, 3)
    first = np.asarray(layer._noise(logits))
    np.testing.assert_array_equal(layer._noise(logits), first)
    assert len(np.unique(first)) == first.size
    layer.advance()
    assert (np.asarray(layer._noise(logits)) != first).all()
    assert (np.asarray(codebook(seed=1)._noise(logits)) != first).all()
    assert {"steps", "seed"} <= {v.name for v in layer.non_trainable_weights}


def test_the_noise_is_gumbels():
    noise = np.asarray(codebook(64)._noise(np.zeros((40, 25, 64), "float32")))
    deviation = np.pi / 6**0.5
    assert abs(noise.mean() - EULER) < mean_margin(deviation, noise.size)
    assert abs(noise.std() - deviation) < mean_margin(1.8 * deviation, noise.size)


def test_two_replicas_have_the_noise_of_one():
    logits = logits_of(4)
    whole = codebook()(logits, relaxed=True)
    strategy = mirrored()
    with strategy.scope():
        shared = codebook()
    halves = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(np.split(logits, 2)[context.replica_id_in_sync_group])
    )
    run = tf.function(lambda: strategy.run(lambda x: shared(x, relaxed=True), (halves,)))
    found = {k: strategy.experimental_local_results(x) for k, x in run().items()}
    np.testing.assert_array_equal(np.concatenate(found["codes"]), whole["codes"])
    assert_close(np.concatenate(found["quantized"]), whole["quantized"], ROUNDING)


@pytest.mark.parametrize(
    "wrong",
    [{"entries": 1}, {"width": 0}, {"temperature": 0.01}, {"anneal_steps": 0}],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}={next(iter(wrong.values()))}"):
        GumbelCodebook(**wrong)
