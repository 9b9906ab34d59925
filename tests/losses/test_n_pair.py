import numpy as np
import pytest

from mmssl.losses.n_pair import n_pair_loss
from tests.losses.contract import Case, LossContract, views
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close, multiples

ANCHORS, POSITIVES = views()


def oracle(anchors, positives, norm_weight=0.0):
    costs = []
    for i, a in enumerate(anchors):
        differences = [a @ p - a @ positives[i] for j, p in enumerate(positives) if j != i]
        costs.append(np.logaddexp.reduce([0, *differences]))
    lengths = np.mean([(x**2).sum() for x in (*anchors, *positives)])
    return np.mean(costs) + norm_weight * lengths


CASES = {
    "plain": Case(n_pair_loss, oracle, {"anchors": ANCHORS, "positives": POSITIVES}),
    "lengths bounded": Case(
        lambda anchors, positives: n_pair_loss(anchors, positives, 0.1),
        lambda anchors, positives: oracle(anchors, positives, 0.1),
        {"anchors": ANCHORS, "positives": POSITIVES},
    ),
}


class TestContract(LossContract):
    pass


def test_closed_forms():
    assert_close(n_pair_loss(np.eye(4), np.eye(4)), 0.743668, SUM)
    assert_close(n_pair_loss(np.ones((4, 3)), np.ones((4, 3))), np.log(4), ROUNDING)


def test_rotation_does_not_matter_but_lengths_and_roles_do():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    loss = n_pair_loss(ANCHORS, POSITIVES)
    assert_close(n_pair_loss(ANCHORS @ turn, POSITIVES @ turn), loss, SUM)
    assert multiples(n_pair_loss(2 * ANCHORS, POSITIVES), loss) > NETWORK
    assert multiples(n_pair_loss(POSITIVES, ANCHORS), loss) > NETWORK


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match="norm_weight must be 0 or more; got -1"):
        n_pair_loss(ANCHORS, POSITIVES, norm_weight=-1)
