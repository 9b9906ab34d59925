import numpy as np
import pytest
from keras import ops

from mmssl.losses.triplet import _nearest_beyond, triplet_loss
from tests.losses.contract import LABELS, Case, LossContract, labeled, unit
from tests.tolerances import SUM, assert_close

ROWS = labeled()
MARGIN = 0.5


def oracle(embeddings, labels, mining, fallback="farthest"):
    x = unit(embeddings)
    d = ((x[:, None] - x[None]) ** 2).sum(-1)
    rows = range(len(x))
    costs = []
    for a in rows:
        positives = [p for p in rows if p != a and labels[p] == labels[a]]
        negatives = [n for n in rows if labels[n] != labels[a]]
        if mining == "all":
            costs += [cost(d, a, p, n) for p in positives for n in negatives]
        elif mining == "hard":
            p = max(positives, key=lambda p: d[a, p])
            costs.append(cost(d, a, p, min(negatives, key=lambda n: d[a, n])))
        else:
            costs += [c for p in positives if (c := semi_hard(d, a, p, negatives, fallback)) >= 0]
    return np.mean(costs) if costs else 0.0


def cost(d, a, p, n):
    return max(0, d[a, p] - d[a, n] + MARGIN)


def semi_hard(d, a, p, negatives, fallback):
    """The cost of a pair, -1 where it is left out."""
    within = [n for n in negatives if d[a, p] < d[a, n] < d[a, p] + MARGIN]
    if within:
        return cost(d, a, p, min(within, key=lambda n: d[a, n]))
    return -1 if fallback == "skip" else cost(d, a, p, max(negatives, key=lambda n: d[a, n]))


def case(mining, fallback="farthest"):
    return Case(
        lambda embeddings, labels: triplet_loss(embeddings, labels, MARGIN, mining, fallback),
        lambda embeddings, labels: oracle(embeddings, labels, mining, fallback),
        ROWS,
        {"labels": LABELS},
    )


CASES = {
    "all": case("all"),
    "hard": case("hard"),
    "semi-hard": case("semi_hard"),
    "semi-hard, skipping": case("semi_hard", "skip"),
}


class TestContract(LossContract):
    pass


@pytest.mark.parametrize("mining", ["all", "semi_hard", "hard"])
def test_equal_embeddings_cost_the_margin(mining):
    loss = triplet_loss(np.full((8, 5), 3.0), LABELS, 0.2, mining)
    assert_close(loss, 0.2, SUM)


@pytest.mark.parametrize("mining", ["all", "semi_hard", "hard"])
def test_antipodal_classes_cost_nothing(mining):
    x = np.repeat([[1.0, 0.0], [-1.0, 0.0]], 2, axis=0)
    assert float(triplet_loss(x, np.array([0, 0, 1, 1]), 0.2, mining)) == 0


@pytest.mark.parametrize("mining", ["all", "semi_hard", "hard"])
def test_rotation_and_length_do_not_matter(mining):
    x = ROWS["embeddings"]
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    lengths = np.linspace(0.1, 10, 8)[:, None]
    assert_close(
        triplet_loss(x @ turn * lengths, LABELS, mining=mining),
        triplet_loss(x, LABELS, mining=mining),
        SUM,
    )


def test_the_mined_negative_is_the_nearest_beyond_the_positive():
    rng = np.random.default_rng(0)
    d, negatives = rng.random((20, 30)).astype("float32"), rng.random((20, 30)) < 0.4
    found = ops.convert_to_numpy(_nearest_beyond(d, negatives))
    for i, p in np.ndindex(d.shape):
        candidates = np.flatnonzero(negatives[i])
        beyond = [n for n in candidates if d[i, n] > d[i, p]]
        if not negatives[i, p]:
            nearest = min(beyond, key=lambda n: d[i, n]) if beyond else None
            expected = max(candidates, key=lambda n: d[i, n]) if nearest is None else nearest
            assert found[i, p] == expected


@pytest.mark.parametrize("mining", ["all", "semi_hard", "hard"])
@pytest.mark.parametrize("labels", [np.zeros(8), np.arange(8)], ids=["one class", "no pair"])
def test_a_batch_without_triplets_costs_nothing(mining, labels):
    assert float(triplet_loss(ROWS["embeddings"], labels, 0.2, mining)) == 0


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="mining must be one of all, semi_hard, hard; got 'easy'"):
        triplet_loss(ROWS["embeddings"], LABELS, mining="easy")
    with pytest.raises(ValueError, match="fallback must be one of farthest, skip; got 'none'"):
        triplet_loss(ROWS["embeddings"], LABELS, fallback="none")
    with pytest.raises(ValueError, match=r"labels must have shape .*; got \(8, 3\).*argmax"):
        triplet_loss(ROWS["embeddings"], np.eye(3)[LABELS])
