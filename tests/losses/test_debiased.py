"""NT-Xent and InfoNCE whose negatives are freed of bias and weighted by hardness."""

import numpy as np
import pytest
from keras import ops

from mmssl.losses.info_nce import cosine_scores, info_nce
from mmssl.losses.nt_xent import nt_xent, view_scores
from mmssl.losses.parts.similarity import cross_entropy_of_positive
from tests.losses.contract import Case, LossContract, unit, views
from tests.tolerances import SUM, TRAINING, assert_close

FIRST, SECOND = views()
QUEUE = np.random.default_rng(5).normal(size=(12, 5)).astype("float32")
ROWS = {"first": FIRST, "second": SECOND}
PAPER = {"temperature": 0.5, "class_prior": 0.1}


def oracle(first, second, temperature, class_prior, hardness=0.0):
    z, n = unit(np.concatenate([first, second])), len(first)
    e = np.exp(z @ z.T / temperature)
    costs = []
    for i in range(2 * n):
        j = (i + n) % (2 * n)
        negatives = e[i, [k for k in range(2 * n) if k not in (i, j)]]
        costs.append(cost(e[i, j], negatives, temperature, class_prior, hardness))
    return np.mean(costs)


def queue_oracle(queries, keys, negatives, temperature, class_prior, hardness=0.0):
    q, k, n = unit(queries), unit(keys), unit(negatives)
    positive, others = (q * k).sum(1) / temperature, q @ n.T / temperature
    pairs = zip(np.exp(positive), np.exp(others), strict=True)
    return np.mean([cost(p, e, temperature, class_prior, hardness) for p, e in pairs])


def cost(positive, negatives, temperature, class_prior, hardness):
    """The official code's lines."""
    weights = negatives**hardness
    total = (weights * negatives).sum() / weights.mean()
    estimate = (total - class_prior * len(negatives) * positive) / (1 - class_prior)
    estimate = max(estimate, len(negatives) * np.exp(-1 / temperature))
    return -np.log(positive / (positive + estimate))


def case(**given):
    options = {**PAPER, **given}
    return Case(
        lambda first, second: nt_xent(first, second, **options),
        lambda first, second: oracle(first, second, **options),
        ROWS,
    )


CASES = {
    "debiased": case(),
    "hard": case(hardness=1.0),
    "hard, half clamped": case(class_prior=0.4, hardness=0.5),
    "with a queue": Case(
        lambda queries, keys, negatives: info_nce(queries, keys, negatives, 0.2, 0.1, 2.0),
        lambda queries, keys, negatives: queue_oracle(queries, keys, negatives, 0.2, 0.1, 2.0),
        {"queries": FIRST, "keys": SECOND},
        {},
        {"negatives": QUEUE},
    ),
}


class TestContract(LossContract):
    pass


def test_both_are_off_unless_given_and_cost_no_operation_then():
    plain = ops.mean(cross_entropy_of_positive(*view_scores(FIRST, SECOND, 0.3)))
    assert float(nt_xent(FIRST, SECOND, 0.3)) == float(plain)
    plain = ops.mean(cross_entropy_of_positive(*cosine_scores(FIRST, SECOND, QUEUE, 0.3)))
    assert float(info_nce(FIRST, SECOND, QUEUE, 0.3)) == float(plain)


def test_a_vanishing_prior_leaves_the_plain_loss():
    vanishing = {"temperature": 0.3, "class_prior": 1e-9}
    assert_close(nt_xent(FIRST, SECOND, **vanishing), nt_xent(FIRST, SECOND, 0.3), SUM)
    assert_close(
        info_nce(FIRST, SECOND, **vanishing), info_nce(FIRST, SECOND, temperature=0.3), SUM
    )


def test_the_orthonormal_example():
    assert_close(nt_xent(np.eye(3), np.eye(3), **PAPER), 0.145870, SUM)


@pytest.mark.parametrize("hardness", [0.5, 1.0, 6.0])
def test_negatives_that_are_all_alike_cannot_be_told_by_hardness(hardness):
    assert_close(
        nt_xent(np.eye(4), np.eye(4), **PAPER, hardness=hardness),
        nt_xent(np.eye(4), np.eye(4), **PAPER),
        SUM,
    )


def test_without_end_of_hardness_only_the_hardest_negative_counts():
    q, k, n = unit(FIRST), unit(SECOND), unit(QUEUE)
    positive, hardest = np.exp((q * k).sum(1) / 0.5), np.exp((q @ n.T).max(1) / 0.5)
    estimate = 12 * (hardest - 0.1 * positive) / 0.9
    least = 12 * np.exp(-2.0)
    expected = np.mean(np.log1p(np.maximum(estimate, least) / positive))
    found = info_nce(FIRST, SECOND, QUEUE, **PAPER, hardness=1e4)
    # Scores times the hardness are 1e4 times what is left of them.
    assert_close(found, expected, TRAINING)


def test_where_the_estimate_is_clamped_no_gradient_reaches_the_negatives():
    import tensorflow as tf

    queries, negatives = tf.constant([[1.0, 0.0]]), tf.Variable([[-1.0, 0.1], [-1.0, -0.1]])
    with tf.GradientTape() as tape:
        loss = info_nce(queries, queries, negatives, 0.5, class_prior=0.5)
    assert not np.any(tape.gradient(loss, negatives))
    assert_close(loss, np.log1p(2 * np.exp(-4.0)), SUM)


def test_small_temperatures_do_not_overflow():
    assert np.isfinite(nt_xent(FIRST, SECOND, 0.005, class_prior=0.1, hardness=2.0))


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"class_prior must be in \[0, 1\); got 1"):
        nt_xent(FIRST, SECOND, class_prior=1)
    with pytest.raises(ValueError, match="hardness must be 0 or more; got -1"):
        nt_xent(FIRST, SECOND, hardness=-1)
