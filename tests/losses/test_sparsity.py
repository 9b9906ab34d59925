import numpy as np
import pytest
import tensorflow as tf

from mmssl.losses.sparsity import sparsity_divergence
from tests.losses.contract import Case, LossContract
from tests.tolerances import NETWORK, SUM, assert_close


def oracle(activations):
    q = np.clip(activations.mean(axis=0), 1e-6, 1 - 1e-6)
    return (0.05 * np.log(0.05 / q) + 0.95 * np.log(0.95 / (1 - q))).sum()


ROWS = {"activations": np.random.default_rng(0).uniform(0.1, 0.9, (8, 5)).astype("float32")}
CASES = {"divergence": Case(sparsity_divergence, oracle, ROWS)}


class TestSparsity(LossContract):
    pass


def test_a_unit_that_is_on_half_the_time_has_the_derived_divergence():
    assert_close(sparsity_divergence(np.array([[0.0], [1.0]]), 0.05), 0.494632, NETWORK)


def test_the_target_itself_costs_nothing_and_pulls_nowhere():
    rows = tf.constant([[0.02], [0.08]])
    with tf.GradientTape() as tape:
        tape.watch(rows)
        loss = sparsity_divergence(rows, 0.05)
    assert_close(loss, 0, SUM, scale=1.0)
    assert_close(tape.gradient(loss, rows), 0, NETWORK, scale=1.0)


def test_a_unit_that_is_never_on_costs_a_finite_amount():
    assert np.isfinite(float(sparsity_divergence(np.zeros((4, 2)))))


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_a_target_at_an_end_is_refused(target):
    with pytest.raises(ValueError, match="target must be"):
        sparsity_divergence(np.full((2, 2), 0.5), target)
