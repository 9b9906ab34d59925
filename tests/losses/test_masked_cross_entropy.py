import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import config

from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from tests.tolerances import ROUNDING, SUM, assert_close


def test_only_weighted_slots_count():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 3, 5)).astype("float32")
    ids = rng.integers(0, 5, (2, 3)).astype("int32")
    weights = np.array([[1, 0, 1], [0, 0, 1]], "float32")
    probability = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    chosen = np.take_along_axis(probability, ids[..., None], -1)[..., 0]
    loss, hits = masked_cross_entropy(logits, ids, weights)
    assert_close(loss, -(weights * np.log(chosen)).sum(), SUM)
    assert_close(hits, (weights * (logits.argmax(-1) == ids)).sum(), ROUNDING)


def test_equal_scores_cost_the_logarithm_of_their_number():
    loss, _ = masked_cross_entropy(
        np.zeros((1, 2, 2000), "float32"), np.zeros((1, 2), "int32"), np.ones((1, 2), "float32")
    )
    assert_close(loss, 2 * np.log(2000), ROUNDING)


def test_scores_in_bfloat16_are_summed_in_float32():
    loss, _ = masked_cross_entropy(
        tf.zeros((64, 16, 1000), tf.bfloat16),
        np.zeros((64, 16), "int32"),
        np.ones((64, 16), "float32"),
    )
    assert_close(loss, 1024 * np.log(1000), SUM)


def gradient_of(logits, ids, weights):
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss, _ = masked_cross_entropy(logits, ids, weights)
    return tape.gradient(loss, logits)


def test_the_gradient_is_the_weighted_softmax_minus_the_true_class():
    rng = np.random.default_rng(0)
    logits, ids = tf.constant(rng.normal(size=(2, 3, 5)), tf.float32), rng.integers(0, 5, (2, 3))
    weights = rng.uniform(size=(2, 3)).astype("float32")
    softmax = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    expected = weights[..., None] * (softmax - np.eye(5)[ids])
    assert_close(gradient_of(logits, ids.astype("int32"), weights), expected, SUM)


# They hand on what they are given.
FREE = {"Placeholder", "Identity", "Reshape", "StopGradient", "BroadcastTo"}


@pytest.mark.parametrize("deterministic", [False, True])
def test_no_more_than_the_gradient_is_as_large_as_the_scores(deterministic, monkeypatch):
    # What tf.nn asks; the switch itself cannot be turned off again.
    monkeypatch.setattr(config, "is_op_determinism_enabled", lambda: deterministic)
    shape = [64, 8, 512]
    step = tf.function(gradient_of).get_concrete_function(
        tf.TensorSpec(shape), tf.TensorSpec(shape[:2], tf.int32), tf.TensorSpec(shape[:2])
    )
    made = [
        operation.type
        for operation in step.graph.get_operations()
        for output in operation.outputs
        if operation.type not in FREE and output.shape.num_elements() == 64 * 8 * 512
    ]
    # The second is the first one, multiplied in place by the weights.
    assert made == ["SparseSoftmaxCrossEntropyWithLogits", "Mul"]
