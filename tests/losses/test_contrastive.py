import numpy as np
import pytest

from mmssl.losses.contrastive import contrastive_loss
from tests.losses.contract import Case, LossContract, value_and_gradients, views
from tests.tolerances import ROUNDING, SUM, assert_close

FIRST, SECOND = views()
SAME = np.array([1, 0, 1, 1, 0, 0, 1, 0], "float32")


def oracle(first, second, same, margin=1.0):
    costs = []
    for a, b, y in zip(first, second, same, strict=True):
        d = np.sqrt(((a - b) ** 2).sum())
        costs.append(y * d**2 / 2 + (1 - y) * max(0, margin - d) ** 2 / 2)
    return np.mean(costs)


def loss(first, second, same):
    return contrastive_loss(first, second, same, margin=3.0)


CASES = {
    "wide margin": Case(
        loss,
        lambda **arrays: oracle(**arrays, margin=3.0),
        {"first": FIRST, "second": SECOND},
        {"same": SAME},
    )
}


class TestContract(LossContract):
    pass


@pytest.mark.parametrize("same", [0, 1])
def test_at_half_the_margin_both_kinds_of_pairs_cost_an_eighth(same):
    loss = contrastive_loss(np.zeros((1, 2)), np.array([[0.3, 0.4]]), np.array([same]))
    assert_close(loss, 0.125, ROUNDING)


def test_other_pairs_beyond_the_margin_cost_nothing_and_do_not_move():
    first, second = np.zeros((2, 2), "float32"), np.eye(2, dtype="float32") * 1.01
    case = Case(contrastive_loss, oracle, {"first": first, "second": second}, {"same": [0, 0]})
    value, gradients = value_and_gradients(case)
    assert value == 0
    assert not gradients["first"].any()


def test_only_the_difference_of_a_pair_matters():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    moved = contrastive_loss(FIRST @ turn + 3, SECOND @ turn + 3, SAME, margin=3.0)
    assert_close(moved, loss(FIRST, SECOND, SAME), SUM)
    assert_close(loss(SECOND, FIRST, SAME), loss(FIRST, SECOND, SAME), ROUNDING)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"first and second must .*; got \(8, 5\) and \(8, 4\)"):
        contrastive_loss(FIRST, SECOND[:, :4], SAME)
    with pytest.raises(ValueError, match=r"first must have shape .*; got \(8,\)"):
        contrastive_loss(FIRST[:, 0], SECOND[:, 0], SAME)
    with pytest.raises(ValueError, match=r"same must have shape .*; got \(8, 1\)"):
        contrastive_loss(FIRST, SECOND, SAME[:, None])
    with pytest.raises(ValueError, match="margin must be above 0; got -1"):
        contrastive_loss(FIRST, SECOND, SAME, margin=-1)
