import numpy as np

from mmssl.losses.negative_cosine import negative_cosine
from tests.losses.contract import Case, LossContract, unit, views
from tests.tolerances import ROUNDING, SUM, assert_close

PREDICTIONS, TARGETS = views()

CASES = {
    "default": Case(
        negative_cosine,
        lambda predictions, targets: -np.mean((unit(predictions) * unit(targets)).sum(-1)),
        {"predictions": PREDICTIONS, "targets": TARGETS},
    )
}


class TestContract(LossContract):
    pass


def test_parallel_orthogonal_and_opposite():
    x = np.eye(3)
    assert_close(negative_cosine(x, 5 * x), -1, ROUNDING)
    assert_close(negative_cosine(x, np.roll(x, 1, axis=0)), 0, ROUNDING, scale=1)
    assert_close(negative_cosine(x, -x), 1, ROUNDING)


def test_byols_squared_distance_of_unit_vectors_follows_from_it():
    byol = np.mean(((unit(PREDICTIONS) - unit(TARGETS)) ** 2).sum(-1))
    assert_close(2 + 2 * negative_cosine(PREDICTIONS, TARGETS), byol, SUM)


def test_length_does_not_matter():
    lengths = np.linspace(0.1, 10, 8)[:, None]
    assert_close(
        negative_cosine(lengths * PREDICTIONS, TARGETS),
        negative_cosine(PREDICTIONS, TARGETS),
        ROUNDING,
    )
