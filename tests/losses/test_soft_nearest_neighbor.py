import numpy as np
import pytest

from mmssl.losses.soft_nearest_neighbor import soft_nearest_neighbor_loss
from tests.losses.contract import LABELS, Case, LossContract, labeled
from tests.tolerances import NETWORK, ROUNDING, assert_close

ROWS = labeled()


def oracle(embeddings, labels, temperature=1.0):
    x = np.asarray(embeddings, "float64")
    costs = []
    for i in range(len(x)):
        others = [k for k in range(len(x)) if k != i]
        scores = {k: -((x[i] - x[k]) ** 2).sum() / temperature for k in others}
        same = [scores[k] for k in others if labels[k] == labels[i]]
        if same:
            total = np.logaddexp.reduce(list(scores.values()))
            costs.append(total - np.logaddexp.reduce(same))
    return np.mean(costs)


def by_reciprocal(embeddings, labels, inverse):
    """As the paper learns it."""
    return soft_nearest_neighbor_loss(embeddings, labels, 1 / inverse)


CASES = {
    "fixed": Case(soft_nearest_neighbor_loss, oracle, ROWS, {"labels": LABELS}),
    "learned temperature": Case(
        by_reciprocal,
        lambda embeddings, labels, inverse: oracle(embeddings, labels, 1 / inverse),
        ROWS,
        {"labels": LABELS},
        {"inverse": np.array(0.3, "float32")},
    ),
    "some without a partner": Case(
        soft_nearest_neighbor_loss, oracle, ROWS, {"labels": np.array([0, 0, 1, 2, 3, 0, 4, 2])}
    ),
}


class TestContract(LossContract):
    pass


def test_closed_forms():
    labels = np.array([0, 0, 1, 1])
    apart = np.repeat([[0.0, 0.0], [2.0, 0.0]], 2, axis=0)
    assert_close(soft_nearest_neighbor_loss(apart, labels), 0.035976, NETWORK)
    assert_close(soft_nearest_neighbor_loss(0 * apart, labels), np.log(3), ROUNDING)


def test_only_distances_matter_and_the_temperature_is_their_unit():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    x = ROWS["embeddings"]
    moved = soft_nearest_neighbor_loss(3 * (x @ turn) + 100, LABELS, temperature=9.0)
    assert_close(moved, soft_nearest_neighbor_loss(x, LABELS), NETWORK)


def test_a_batch_without_pairs_costs_nothing():
    assert float(soft_nearest_neighbor_loss(ROWS["embeddings"], np.arange(8))) == 0


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ValueError, match="temperature must be above 0; got 0"):
        soft_nearest_neighbor_loss(ROWS["embeddings"], LABELS, temperature=0)
