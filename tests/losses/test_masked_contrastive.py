"""wav2vec 2.0's loss beside a loop over frames and distractors."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.losses import masked_contrastive
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

ROWS, FRAMES, WIDTH, COUNT = 2, 6, 5, 4


def draw(seed=0):
    rng = np.random.default_rng(seed)
    contexts = rng.normal(size=(ROWS, FRAMES, WIDTH)).astype("float32")
    entries = rng.normal(size=(4, WIDTH)).astype("float32")
    codes = rng.integers(0, 4, (ROWS, FRAMES)).astype("int32")
    distractors = rng.integers(0, FRAMES, (ROWS, FRAMES, COUNT)).astype("int32")
    return contexts, entries[codes], distractors, codes


def unit(x):
    return x / np.linalg.norm(x)


def oracle(contexts, targets, distractors, codes, temperature):
    losses, hits = np.zeros((ROWS, FRAMES)), np.zeros((ROWS, FRAMES))
    for row, frame in np.ndindex(ROWS, FRAMES):
        context = unit(contexts[row, frame])
        positive = context @ unit(targets[row, frame]) / temperature
        others = [
            context @ unit(targets[row, j]) / temperature
            for j in distractors[row, frame]
            if codes[row, j] != codes[row, frame]
        ]
        losses[row, frame] = np.logaddexp.reduce([positive, *others]) - positive
        hits[row, frame] = bool(others) and positive > max(others)
    return losses, hits


def test_the_loss_and_the_hits_are_those_of_the_formula():
    losses, hits = masked_contrastive(*draw(), temperature=0.1)
    expected = oracle(*draw(), temperature=0.1)
    assert_close(losses, expected[0], SUM)
    np.testing.assert_array_equal(hits, expected[1])
    assert 0 < np.mean(hits) < 1


def test_distractors_that_equal_the_target_do_not_count():
    contexts, targets, distractors, codes = draw()
    losses, hits = masked_contrastive(contexts, targets, distractors, 0 * codes)
    np.testing.assert_array_equal(losses, 0)
    np.testing.assert_array_equal(hits, 0)


def test_equal_cosines_cost_the_logarithm_of_the_candidates():
    contexts, targets, distractors, _ = draw()
    codes = np.tile(np.arange(FRAMES, dtype="int32"), (ROWS, 1))
    away = np.broadcast_to((np.arange(FRAMES)[:, None] + [1, 2, 3, 4]) % FRAMES, distractors.shape)
    losses, _ = masked_contrastive(contexts, np.ones_like(targets), away.astype("int32"), codes)
    assert_close(losses, np.log(1 + COUNT), SUM)


def test_gradients_reach_contexts_targets_and_distractors_and_equal_differences():
    arrays = draw()
    with tf.GradientTape() as tape:
        inputs = [tf.constant(x) for x in arrays[:2]]
        tape.watch(inputs)
        losses, _ = masked_contrastive(*inputs, *arrays[2:])
        loss = losses[0, 1]  # of one frame: what other frames get comes of its distractors
    gradients = [g.numpy() for g in tape.gradient(loss, inputs)]
    for number, gradient in enumerate(gradients):
        expected = np.zeros_like(gradient, "float64")
        for place in np.ndindex(gradient.shape):
            ends = []
            for sign in (1, -1):
                moved = [np.array(x, "float64") for x in arrays[:2]]
                moved[number][place] += sign * 1e-5
                ends.append(oracle(*moved, *arrays[2:], 0.1)[0][0, 1])
            expected[place] = (ends[0] - ends[1]) / 2e-5
        assert_close(gradient, expected, NETWORK)
    assert (np.abs(gradients[1][0]).sum(-1) > 0).sum() > 1


def test_the_scale_of_the_vectors_does_not_matter_and_bfloat16_is_raised_first():
    contexts, targets, *rest = draw()
    losses, _ = masked_contrastive(contexts, targets, *rest)
    assert_close(masked_contrastive(3 * contexts, 0.1 * targets, *rest)[0], losses, SUM)
    half = [tf.cast(x, tf.bfloat16) for x in (contexts, targets)]
    full = [tf.cast(x, tf.float32) for x in half]
    found = masked_contrastive(*half, *rest)[0]
    assert found.dtype == tf.float32
    assert_close(found, masked_contrastive(*full, *rest)[0], ROUNDING)


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ValueError, match="temperature"):
        masked_contrastive(*draw(), temperature=0.0)
