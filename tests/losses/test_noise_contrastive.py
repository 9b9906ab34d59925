import numpy as np
import pytest

from mmssl.losses.noise_contrastive import nce_log_partition, nce_loss
from tests.losses.contract import Case, LossContract, unit, views
from tests.tolerances import SUM, assert_close

ANCHORS, POSITIVES = views()
NEGATIVES = np.random.default_rng(4).normal(size=(8, 6, 5)).astype("float32")
ITEMS, LOG_Z = 100, 6.0


def oracle(anchors, positives, negatives, temperature=0.07):
    costs = []
    for a, p, drawn in zip(unit(anchors), unit(positives), unit(negatives), strict=True):
        k = len(drawn)
        noise = k / ITEMS

        def log_ratio(x, a=a, noise=noise):
            return a @ x / temperature - LOG_Z - np.log(noise)

        # log h and log(1 - h) of h = P / (P + noise), by logarithms
        own = -np.logaddexp(0, -log_ratio(p))
        others = [-np.logaddexp(0, log_ratio(x)) for x in drawn]
        costs.append(-own - sum(others))
    return np.mean(costs)


def loss(anchors, positives, negatives, temperature=0.07):
    return nce_loss(anchors, positives, negatives, ITEMS, LOG_Z, temperature)


CASES = {
    "drawn for each": Case(
        loss, oracle, {"anchors": ANCHORS, "positives": POSITIVES, "negatives": NEGATIVES}
    ),
    "drawn for all": Case(
        lambda anchors, positives, negatives: loss(anchors, positives, negatives, 0.5),
        lambda anchors, positives, negatives: oracle(
            anchors, positives, np.stack([negatives] * 8), 0.5
        ),
        {"anchors": ANCHORS, "positives": POSITIVES},
        {},
        {"negatives": NEGATIVES[0]},
    ),
    "partition": Case(
        lambda anchors, positives, negatives: nce_log_partition(
            anchors, positives, negatives, ITEMS, 0.5
        ),
        lambda anchors, positives, negatives: np.log(
            ITEMS
            * np.mean(
                [
                    np.exp(unit(a) @ unit(x) / 0.5)
                    for a, p, drawn in zip(anchors, positives, negatives, strict=True)
                    for x in (p, *drawn)
                ]
            )
        ),
        {"anchors": ANCHORS, "positives": POSITIVES, "negatives": NEGATIVES},
    ),
}


class TestContract(LossContract):
    pass


@pytest.mark.parametrize("count", [1, 5])
def test_where_model_and_noise_agree(count):
    rows = np.ones((3, 4))
    log_partition = nce_log_partition(rows, rows, np.ones((count, 4)), ITEMS)
    found = nce_loss(rows, rows, np.ones((count, 4)), ITEMS, log_partition)
    expected = np.log(1 + count) + count * np.log((1 + count) / count)
    assert_close(found, expected, SUM)


def test_one_negative_at_agreement_costs_two_ln_2():
    rows = np.ones((1, 4))
    found = nce_loss(rows, rows, rows, 10, np.log(10) + 1 / 0.07)
    assert_close(found, 1.386294, SUM)


def test_a_data_set_has_instances():
    with pytest.raises(ValueError, match="num_instances must be above 0; got 0"):
        nce_loss(ANCHORS, POSITIVES, NEGATIVES, 0, LOG_Z)
