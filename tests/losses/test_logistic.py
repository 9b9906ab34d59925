"""The logistic loss of true and false pairs against its formula."""

import numpy as np

from mmssl.losses import logistic_loss
from tests.tolerances import ROUNDING, SUM, assert_close


def test_the_loss_is_the_weighted_sum_of_the_formula():
    rng = np.random.default_rng(0)
    s, w, t, v = (rng.normal(size=n).astype("float32") for n in (7, 7, 9, 9))
    w, v = np.abs(w), np.abs(v)
    expected = (w * np.log1p(np.exp(-s.astype("float64")))).sum()
    expected += (v * np.log1p(np.exp(t.astype("float64")))).sum()
    assert_close(logistic_loss(s, w, t, v), expected, SUM)


def test_scores_beyond_any_table_stay_exact():
    one = np.ones(1, "float32")
    assert_close(logistic_loss(-80 * one, one, 0 * one, 0 * one), 80.0, ROUNDING)
    assert_close(logistic_loss(80 * one, one, -80 * one, one), 2 * np.exp(-80.0), SUM)
