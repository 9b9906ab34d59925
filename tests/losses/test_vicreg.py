import numpy as np
import pytest

from mmssl.losses.vicreg import covariance_term, variance_term, vicreg_loss, vicreg_terms
from tests.losses.contract import Case, LossContract, views
from tests.tolerances import ROUNDING, SUM, assert_close

# Deviations on both sides of one.
FIRST, SECOND = (x * np.linspace(0.3, 1.5, 5, dtype="float32") for x in views())
CROSS = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])


def oracle(first, second):
    def variance(x):
        return np.maximum(0, 1 - np.sqrt(x.var(0, ddof=1) + 1e-4)).mean()

    def covariance(x):
        c = np.cov(x, rowvar=False)
        return (c[~np.eye(len(c), dtype=bool)] ** 2).sum() / len(c)

    return (
        25 * np.mean((first - second) ** 2)
        + 25 * (variance(first) + variance(second)) / 2
        + covariance(first)
        + covariance(second)
    )


WIDE = views(dimensions=40)  # replicas send the rows, not the matrix

CASES = {
    "default": Case(vicreg_loss, oracle, {"first": FIRST, "second": SECOND}),
    "wide": Case(vicreg_loss, oracle, {"first": WIDE[0], "second": WIDE[1]}),
}


class TestContract(LossContract):
    pass


def test_closed_forms():
    constant = np.ones((4, 3))
    assert_close(vicreg_loss(constant, constant), 24.75, ROUNDING)
    assert_close(variance_term(CROSS), 0.183442, SUM)
    assert float(covariance_term(CROSS)) == 0
    spread = CROSS * np.sqrt(1.5)  # of variance one
    assert float(vicreg_loss(spread, spread)) == 0


def test_a_constant_added_to_both_views_does_not_matter():
    assert_close(vicreg_loss(FIRST + 8, SECOND + 8), vicreg_loss(FIRST, SECOND), SUM)


def test_each_weight_takes_its_own_term():
    terms = {name: float(x) for name, x in vicreg_terms(FIRST, SECOND).items()}
    for name in terms:
        weights = {f"{other}_weight": float(other == name) for other in terms}
        assert_close(vicreg_loss(FIRST, SECOND, **weights), terms[name], ROUNDING)


@pytest.mark.parametrize("term", [variance_term, covariance_term])
def test_a_single_row_is_finite(term):
    assert np.isfinite(term(np.ones((1, 3))))
