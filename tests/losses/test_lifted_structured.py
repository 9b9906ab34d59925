from itertools import combinations

import numpy as np

from mmssl.losses.lifted_structured import lifted_structured_loss
from tests.losses.contract import LABELS, Case, LossContract, labeled
from tests.tolerances import NETWORK, SUM, assert_close

ROWS = labeled()


def oracle(embeddings, labels, margin=1.0):
    x = np.asarray(embeddings, "float64")
    d = np.sqrt(((x[:, None] - x[None]) ** 2).sum(-1))
    negatives = labels[:, None] != labels[None]
    pairs = [(i, j) for i, j in combinations(range(len(x)), 2) if labels[i] == labels[j]]
    costs = []
    for i, j in pairs:
        terms = np.concatenate([margin - d[i][negatives[i]], margin - d[j][negatives[j]]])
        costs.append(max(0, np.logaddexp.reduce(terms) + d[i, j]) ** 2)
    return sum(costs) / (2 * len(pairs))


CASES = {"plain": Case(lifted_structured_loss, oracle, ROWS, {"labels": LABELS})}


class TestContract(LossContract):
    pass


def test_closed_forms():
    labels = np.array([0, 0, 1, 1])
    apart = np.repeat([[0.0, 0.0], [2.0, 0.0]], 2, axis=0)
    assert_close(lifted_structured_loss(apart, labels), 0.074612, NETWORK)
    assert_close(lifted_structured_loss(0 * apart, labels), 2.847200, SUM)


def test_only_distances_matter():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    x = ROWS["embeddings"]
    assert_close(
        lifted_structured_loss(x @ turn + 100, LABELS), lifted_structured_loss(x, LABELS), NETWORK
    )


def test_a_batch_without_pairs_or_without_negatives_costs_nothing():
    x = ROWS["embeddings"]
    assert float(lifted_structured_loss(x, np.arange(8))) == 0
    assert float(lifted_structured_loss(x, np.zeros(8))) == 0
