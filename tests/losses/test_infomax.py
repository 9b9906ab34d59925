import numpy as np
import pytest

from mmssl.losses.infomax import infomax_dv, infomax_jsd, infomax_nce, infomax_nce_terms
from tests.losses.contract import Case, LossContract
from tests.tolerances import NETWORK, SUM, assert_close

ROWS, PLACES, WIDTH = 8, 3, 4
RNG = np.random.default_rng(0)
SOURCES = RNG.normal(size=(ROWS, WIDTH)).astype("float32")
TARGETS = RNG.normal(size=(ROWS, PLACES, WIDTH)).astype("float32")


def nce(sources, targets, clip=None):
    costs = []
    for i, source in enumerate(sources):
        scores = targets @ source
        if clip is not None:
            scores = clip * np.tanh(scores / np.sqrt(source.size) / clip)
        others = np.logaddexp.reduce(np.delete(scores, i, axis=0).ravel())
        costs += [np.logaddexp(s, others) - s for s in scores[i]]
    return np.mean(costs)


def parted(sources, targets):
    scores = np.einsum("id,jld->ijl", sources, targets)
    own = np.eye(len(sources), dtype=bool)
    return scores[own], scores[~own]


def jsd(sources, targets):
    own, others = parted(sources, targets)
    return np.logaddexp(0, -own).mean() + np.logaddexp(0, others).mean() - 2 * np.log(2)


def dv(sources, targets):
    own, others = parted(sources, targets)
    return np.log(np.exp(others - others.max()).mean()) + (others.max() - own.mean())


INPUTS = {"sources": SOURCES, "targets": TARGETS}
CASES = {
    "nce": Case(infomax_nce, nce, INPUTS),
    "clipped": Case(
        lambda sources, targets: infomax_nce(sources, targets, 1.5),
        lambda sources, targets: nce(sources, targets, 1.5),
        INPUTS,
    ),
    "jsd": Case(infomax_jsd, jsd, INPUTS),
    "dv": Case(infomax_dv, dv, INPUTS),
}


class TestContract(LossContract):
    pass


@pytest.mark.parametrize(("places", "expected"), [(25, 4.330733), (49, 4.997212)])
def test_zero_vectors_give_log_of_the_places_of_the_others_and_one(places, expected):
    loss = infomax_nce(np.zeros((4, 5)), np.zeros((4, places, 5)), clip=20.0)
    assert_close(loss, expected, NETWORK)


@pytest.mark.parametrize("loss", [infomax_jsd, infomax_dv])
def test_zero_vectors_carry_no_information(loss):
    assert_close(loss(np.zeros((4, 5)), np.zeros((4, 3, 5))), 0.0, SUM, scale=1.0)


def test_other_places_of_the_own_picture_are_no_negatives():
    sources, targets = np.ones((2, 4)), np.zeros((2, 3, 4))
    targets[0, 1:] = 50.0
    targets[1] = -1.0
    # The first place has score 0, the others of its picture 200; those of the other picture -4.
    first = np.log(1 + 3 * np.exp(-4))
    own = [first, 0.0, 0.0]
    rest = [200 + 4 + np.log(2)] * 3
    assert_close(infomax_nce(sources, targets), np.mean(own + rest), SUM)


def test_clipped_scores_stay_between_the_bounds():
    sources = np.full((2, 4), 1e3)
    targets = np.stack([np.full((1, 4), 1e3), np.full((1, 4), -1e3)])
    terms = infomax_nce_terms(sources, targets, clip=2.0)
    # The first picture's own place scores 2 against -2, the second's the other way round.
    assert_close(terms["nce"], (np.log1p(np.exp(-4)) + np.log1p(np.exp(4))) / 2, SUM)
    assert_close(terms["square"], (4e6 / 2) ** 2, SUM)
    assert float(terms["accuracy"]) == 0.5


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"\(8, 3, 4\) and \(8, 4\)"):
        infomax_jsd(TARGETS, SOURCES)
    with pytest.raises(ValueError, match="clip must be above 0; got -1"):
        infomax_nce(SOURCES, TARGETS, -1.0)
