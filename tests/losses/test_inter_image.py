"""InterCLR's loss between images: which images are drawn, and the formula."""

import numpy as np
import pytest

from mmssl.losses import inter_image
from tests.losses.contract import Case, LossContract, unit
from tests.tolerances import ROUNDING, SUM, assert_close

DRAW = np.random.default_rng(0)
BANK = unit(DRAW.normal(size=(14, 4))).astype("float32")
# The last has no cluster yet, and 3 is a cluster of one.
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3, -1], "int32")
INDEX = np.array([0, 5, 8, 12, 3, 4, 11, 13], "int32")
NOISE = DRAW.normal(size=(8, 14)).astype("float32")
QUERIES = (unit(BANK[INDEX] + 0.4 * DRAW.normal(size=(8, 4)))).astype("float32")
POOL, NEGATIVES = 9, 4


def drawn(scores, label, index, noise, pool=POOL, negatives=NEGATIVES):
    """Returns the place of the positive and those of the negatives."""
    members = [j for j in np.flatnonzero(label == LABELS) if j != index] or [index]
    positive = max(members, key=lambda j: noise[j])
    seen = np.flatnonzero(LABELS >= 0)
    near = seen[np.argsort(-scores[seen])][:pool]
    others = [j for j in near if LABELS[j] != label]
    return positive, sorted(others, key=lambda j: -noise[j])[:negatives]


def oracle(queries, index, noise, margin=-0.5, temperature=0.2):
    losses = []
    for query, own, row in zip(unit(queries), index.astype(int), noise, strict=True):
        if LABELS[own] < 0:
            losses.append(0.0)
            continue
        scores = BANK.astype("float64") @ query
        positive, negatives = drawn(scores, LABELS[own], own, row)
        right = np.exp((scores[positive] - margin) / temperature)
        losses.append(-np.log(right / (right + np.exp(scores[negatives] / temperature).sum())))
    return np.mean(losses)


def loss(queries, index, noise, **options):
    sizes = {"pool": POOL, "negatives": NEGATIVES, **options}
    return inter_image(queries, index, BANK, LABELS, noise, **sizes)


CASES = {
    "near clusters": Case(loss, oracle, {"queries": QUERIES}, {"index": INDEX, "noise": NOISE}),
}


class TestContract(LossContract):
    pass


def test_equal_cosines_cost_what_the_card_of_the_paper_says():
    """The sizes of the paper: ln(1 + 16384 exp(-0.5 / 0.2))."""
    bank = np.tile(unit(np.ones((1, 2))), (16386, 1)).astype("float32")
    labels = np.r_[0, 0, np.ones(16384)].astype("int32")
    noise = np.zeros((1, 16386), "float32")
    sizes = {"pool": 16386, "negatives": 16384}
    place = np.zeros(1, "int32")
    assert_close(inter_image(bank[:1], place, bank, labels, noise, **sizes), 7.204804, SUM)
    without = inter_image(bank[:1], place, bank, labels, noise, **sizes, margin=0.0)
    assert_close(without, 9.704122, SUM)


def test_the_positive_is_another_member_unless_there_is_none():
    """A query that equals one vector of the bank tells which was its positive."""
    sure = {"temperature": 0.01, "margin": 0.0}
    favorite = np.full((1, 14), -1.0, "float32")
    favorite[0, 0] = 1.0  # would be drawn if it were not the query's own
    own = float(loss(BANK[:1], np.array([0]), favorite, **sure))
    assert own > 1
    alone = float(loss(BANK[12:13], np.array([12]), favorite, **sure))
    assert alone < 0.1


def test_members_of_the_own_cluster_and_unseen_images_are_no_negatives():
    # Whatever they are, they do not matter.
    noise, index = NOISE[:1] * 0, INDEX[:1]
    noise[0, 1] = 5.0  # the positive
    others = np.flatnonzero((LABELS != 0) & (LABELS >= 0))
    scores = BANK[others].astype("float64") @ QUERIES[0] / 0.2
    right = (BANK[1].astype("float64") @ QUERIES[0] + 0.5) / 0.2
    expected = np.log(np.exp(scores).sum() + np.exp(right)) - right
    assert_close(loss(QUERIES[:1], index, noise, pool=14, negatives=14), expected, SUM)


def test_negatives_are_the_nearest_where_the_pool_is_no_larger():
    every = loss(QUERIES, INDEX, NOISE, pool=13, negatives=13)
    few = loss(QUERIES, INDEX, NOISE, pool=5, negatives=5)
    assert float(few) < float(every)


def test_a_query_without_a_cluster_costs_nothing():
    assert float(loss(QUERIES[7:], INDEX[7:], NOISE[7:])) == 0
    whole, half = loss(QUERIES[:1], INDEX[:1], NOISE[:1]), [0, 7]
    assert_close(loss(QUERIES[half], INDEX[half], NOISE[half]), float(whole) / 2, ROUNDING)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"negatives=4, pool=15\) .* at most 14"):
        loss(QUERIES, INDEX, NOISE, pool=15)
    with pytest.raises(ValueError, match="temperature must be above 0; got 0"):
        loss(QUERIES, INDEX, NOISE, temperature=0)
