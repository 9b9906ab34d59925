"""The contrast of pairs by a softmax both ways."""

import numpy as np
import pytest

from mmssl.losses.clip import clip_loss, match_loss
from tests.losses.contract import Case, LossContract, unit, views
from tests.tolerances import ROUNDING, SUM, assert_close

FIRST, SECOND = views()
CAPTIONS = np.array([0, 1, 2, 0, 3, 2, 4, 5], "int32")
PICTURES = np.array([0, 1, 2, 3, 4, 5, 6, 1], "int32")
SCALE = np.array(4.0, "float32")


def oracle(first, second, scale, first_groups=None, second_groups=None, label_smoothing=0.0):
    logits = scale * unit(first) @ unit(second).T
    return (
        one_way(logits, first_groups, second_groups, label_smoothing)
        + one_way(logits.T, first_groups, second_groups, label_smoothing)
    ) / 2


def one_way(logits, first_groups, second_groups, smoothing):
    costs = []
    for i, row in enumerate(logits):
        groups = [g for g in (first_groups, second_groups) if g is not None]
        counted = [j for j in range(len(row)) if j == i or all(g[i] != g[j] for g in groups)]
        log_shares = row[counted] - np.logaddexp.reduce(row[counted])
        wanted = smoothing / len(counted) + (1 - smoothing) * (np.array(counted) == i)
        costs.append(-wanted @ log_shares)
    return np.mean(costs)


def smoothed(first, second, scale, first_groups=None):
    return clip_loss(first, second, scale, first_groups, label_smoothing=0.1)


PAIR = {"first": FIRST, "second": SECOND}
CASES = {
    "plain": Case(clip_loss, oracle, PAIR, {}, {"scale": SCALE}),
    "duplicates": Case(
        clip_loss,
        oracle,
        PAIR,
        {"first_groups": PICTURES, "second_groups": CAPTIONS},
        {"scale": SCALE},
    ),
    "smoothed": Case(
        smoothed,
        lambda **arrays: oracle(**arrays, label_smoothing=0.1),
        PAIR,
        {"first_groups": CAPTIONS},
        {"scale": SCALE},
    ),
}


class TestContract(LossContract):
    pass


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_where_all_are_equal_the_loss_is_the_logarithm_of_the_pairs(smoothing):
    ones = np.ones((32, 3), "float32")
    assert_close(clip_loss(ones, ones, 7.0, label_smoothing=smoothing), np.log(32), ROUNDING)


def test_matched_orthonormal_pairs_cost_what_theory_gives():
    identity = np.eye(4, dtype="float32")
    assert_close(clip_loss(identity, identity, 1.0), 0.743668, SUM)
    assert_close(clip_loss(identity, identity, 14.2857), 1.8746e-6, SUM, scale=1e-2)


def test_towers_may_be_swapped_and_pairs_permuted_but_not_halves():
    order = np.random.default_rng(0).permutation(len(FIRST))
    loss = float(clip_loss(FIRST, SECOND, 4.0))
    assert_close(clip_loss(SECOND, FIRST, 4.0), loss, ROUNDING)
    assert_close(clip_loss(FIRST[order], SECOND[order], 4.0), loss, SUM)
    assert abs(float(clip_loss(FIRST[order], SECOND, 4.0)) - loss) > 0.1


def test_smoothing_of_three_pairs_is_that_of_direct_summation():
    first, second = FIRST[:3], SECOND[:3]
    logits = 100 * unit(first.astype("float64")) @ unit(second.astype("float64")).T
    log_shares = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    wanted = 0.9 * np.eye(3) + 0.1 / 3
    found = match_loss(first, second, 100.0, label_smoothing=0.1)
    assert_close(found, -(wanted * log_shares).sum(axis=1).mean(), SUM)


def test_a_smoothing_out_of_range_is_refused():
    with pytest.raises(ValueError, match="label_smoothing"):
        clip_loss(FIRST, SECOND, 1.0, label_smoothing=1.0)
