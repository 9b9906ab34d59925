import numpy as np
import pytest

from mmssl.losses.barlow_twins import barlow_twins_loss, cross_correlation
from tests.losses.contract import Case, LossContract, views
from tests.tolerances import (
    ROUNDING,
    SUM,
    TRAINING,
    assert_close,
    assert_within,
    mean_margin,
    rounding,
)

FIRST, SECOND = views(dimensions=4)
# Two columns at right angles, of mean zero and variance one.
DECORRELATED = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])


def oracle(first, second, off_diagonal_weight=0.0051):
    first, second = ((x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5) for x in (first, second))
    c = first.T @ second / len(first)
    off = c[~np.eye(len(c), dtype=bool)]
    return ((np.diag(c) - 1) ** 2).sum() + off_diagonal_weight * (off**2).sum()


WIDE = views(dimensions=40)  # replicas send the rows, not the matrix

CASES = {
    "wide": Case(barlow_twins_loss, oracle, {"first": WIDE[0], "second": WIDE[1]}),
    "default": Case(barlow_twins_loss, oracle, {"first": FIRST, "second": SECOND}),
    "weighty": Case(
        lambda first, second: barlow_twins_loss(first, second, 0.5),
        lambda first, second: oracle(first, second, 0.5),
        {"first": FIRST, "second": SECOND},
    ),
}


class TestContract(LossContract):
    pass


def test_closed_forms():
    x = DECORRELATED
    c = 1 / (1 + 1e-5)  # the correlation that the epsilon of the variance leaves
    assert float(barlow_twins_loss(x, x)) < 2 * (1 - c + ROUNDING * rounding()) ** 2
    equal = np.repeat(x[:, :1], 2, axis=1)
    assert_close(barlow_twins_loss(equal, equal), 0.0102 * c**2, SUM)
    assert_close(barlow_twins_loss(x, x * [1, -1]), (1 + c) ** 2, SUM)


def test_independent_views_leave_one_a_dimension():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 5000, 6))
    # The square of 1 - c varies as 2 c, of variance 1 / 5000.
    assert_within(barlow_twins_loss(first, second), 6, mean_margin(2 * np.sqrt(6), 5000))


def test_shift_and_positive_scale_of_a_dimension_do_not_matter():
    scale = np.array([1, 10, 3, 100.0])
    assert_close(
        barlow_twins_loss(scale * FIRST - 7, SECOND + 5), barlow_twins_loss(FIRST, SECOND), TRAINING
    )


def test_the_correlation_of_a_view_with_itself_is_numpys():
    found = cross_correlation(FIRST, FIRST, epsilon=1e-9)
    assert_close(found, np.corrcoef(FIRST, rowvar=False), SUM)


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match="off_diagonal_weight must be 0 or more; got -1"):
        barlow_twins_loss(FIRST, SECOND, -1)
