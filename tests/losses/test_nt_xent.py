import numpy as np
import pytest

from mmssl.losses.nt_xent import nt_xent
from tests.losses.contract import Case, LossContract, unit, views
from tests.tolerances import ROUNDING, SUM, assert_close

FIRST, SECOND = views()


def oracle(first, second, temperature):
    z = unit(np.concatenate([first, second]))
    s, n = z @ z.T / temperature, len(first)
    costs = []
    for i in range(2 * n):
        others = [s[i, k] for k in range(2 * n) if k != i]
        costs.append(np.logaddexp.reduce(others) - s[i, (i + n) % (2 * n)])
    return np.mean(costs)


CASES = {
    "default": Case(
        nt_xent,
        lambda first, second: oracle(first, second, 0.1),
        {"first": FIRST, "second": SECOND},
    ),
    "learned temperature": Case(
        nt_xent,
        oracle,
        {"first": FIRST, "second": SECOND},
        {},
        {"temperature": np.float32([0.5])[0]},
    ),
}


class TestContract(LossContract):
    pass


@pytest.mark.parametrize(
    ("examples", "temperature", "expected"),
    [(2, 1.0, 0.551445), (2, 0.5, 0.239545), (3, 0.5, 0.432653)],
)
def test_perfect_partners_among_orthogonal_negatives(examples, temperature, expected):
    z = np.eye(examples)
    assert_close(nt_xent(z, z, temperature), expected, SUM)


def test_equal_embeddings_cost_the_logarithm_of_the_other_views():
    z = np.ones((8, 3))
    assert_close(nt_xent(z, z), np.log(15), SUM)


def test_swapping_the_views_and_scaling_them_changes_nothing():
    loss = nt_xent(FIRST, SECOND)
    assert_close(nt_xent(SECOND, FIRST), loss, ROUNDING)
    assert_close(nt_xent(7 * FIRST, SECOND / 7), loss, SUM)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"first and second must .*; got \(8, 5\) and \(7, 5\)"):
        nt_xent(FIRST, SECOND[:7])
    with pytest.raises(ValueError, match=r"temperature must be above 0; got -0\.1"):
        nt_xent(FIRST, SECOND, temperature=-0.1)
