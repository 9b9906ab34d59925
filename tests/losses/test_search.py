import numpy as np
import pytest

from mmssl.losses.search import search_cross_entropy, search_margin
from tests.losses.contract import Case, LossContract, unit, views
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close, multiples

QUERIES, ITEMS = views()
GROUPS = np.array([0, 1, 2, 1, 4, 5, 5, 5], "int32")


def others(i, groups):
    n = len(QUERIES)
    return [j for j in range(n) if j != i and (groups is None or groups[j] != groups[i])]


def cross_entropy(queries, items, groups=None):
    s = queries @ items.T
    n = range(len(queries))
    return np.mean([np.logaddexp.reduce(s[i, [i, *others(i, groups)]]) - s[i, i] for i in n])


def margin_loss(queries, items, groups=None, margin=1.0):
    s = unit(queries) @ unit(items).T
    hardest = [max(0, *s[i, others(i, groups)]) for i in range(len(s))]
    return np.mean([max(0, margin - s[i, i] + hardest[i]) for i in range(len(s))])


ROWS = {"queries": QUERIES, "items": ITEMS}
CASES = {
    "cross entropy": Case(search_cross_entropy, cross_entropy, ROWS),
    "cross entropy, some queries the same": Case(
        search_cross_entropy, cross_entropy, ROWS, {"groups": GROUPS}
    ),
    "margin": Case(search_margin, margin_loss, ROWS),
    "margin, some queries the same": Case(search_margin, margin_loss, ROWS, {"groups": GROUPS}),
}


class TestContract(LossContract):
    pass


def test_equal_vectors_cost_the_logarithm_of_their_number_and_right_ones_nothing():
    for vectors in (np.ones((1000, 3)), np.zeros((1000, 3))):
        assert_close(search_cross_entropy(vectors, vectors), 6.907755, ROUNDING)
    assert_close(search_cross_entropy(50 * np.eye(4), np.eye(4)), 0.0, ROUNDING)
    assert_close(search_margin(np.eye(4), np.eye(4)), 0.0, ROUNDING)
    assert_close(search_margin(np.ones((4, 3)), np.ones((4, 3))), 1.0, ROUNDING)


def test_queries_choose_among_items_and_not_the_other_way_round():
    one = search_cross_entropy(QUERIES, ITEMS)
    assert multiples(search_cross_entropy(ITEMS, QUERIES), one) > NETWORK


def test_the_same_permutation_of_both_changes_nothing_and_of_one_does():
    order = np.random.default_rng(0).permutation(8)
    for loss in (search_cross_entropy, search_margin):
        before = loss(QUERIES, ITEMS)
        assert_close(loss(QUERIES[order], ITEMS[order]), before, SUM)
        assert multiples(loss(QUERIES, ITEMS[order]), before) > NETWORK


def test_lengths_matter_to_plain_products_alone():
    loss = search_cross_entropy(QUERIES, ITEMS)
    assert multiples(search_cross_entropy(2 * QUERIES, ITEMS), loss) > NETWORK
    assert_close(search_margin(2 * QUERIES, ITEMS), search_margin(QUERIES, ITEMS), SUM)


def test_items_that_are_opposite_to_a_query_cost_no_less_than_others():
    queries, items = np.array([[1, 0], [-1, 0]]), np.array([[1, 3**0.5], [-1, 3**0.5]])
    assert_close(search_margin(queries, items), 0.5, SUM)


def test_a_margin_of_zero_is_refused():
    with pytest.raises(ValueError, match="margin must be above 0; got 0"):
        search_margin(QUERIES, ITEMS, margin=0)
