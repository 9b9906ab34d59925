import numpy as np
import pytest

from mmssl.evaluation.whitening.choice import choose, hidden_share
from mmssl.evaluation.whitening.fit import fit_whitening
from mmssl.evaluation.whitening.moments import Moments
from tests.tolerances import NETWORK, assert_close


def chosen(vectors, components=None):
    moments = Moments()
    moments.add(vectors)
    return choose(moments, fit_whitening(moments, components))


def noise(count=400, width=8):
    return np.random.default_rng(0).normal(size=(count, width))


def test_the_share_is_that_of_the_mean_and_the_first_direction():
    half = np.diag([3.0, 1, 1, 1])
    moments = Moments()
    moments.add(np.array([0, 2, 0, 0]) + np.concatenate([half, -half]))
    assert_close(hidden_share(moments), (4 + 18 / 8) / (4 + 24 / 8), NETWORK)


def test_vectors_around_the_origin_in_all_directions_are_left_as_they_are():
    used, why = chosen(noise())
    assert not used
    assert "hold 0.1" in why


@pytest.mark.parametrize("hiding", [np.eye(8)[0] * 9, np.ones(8) * 3], ids=["axis", "diagonal"])
@pytest.mark.parametrize("signed", [False, True], ids=["mean", "direction"])
def test_a_mean_or_a_direction_that_hides_the_others_is_taken_out(hiding, signed):
    sign = np.where(np.arange(400) % 2, 1, -1) if signed else np.ones(400)
    used, why = chosen(noise() + sign[:, None] * hiding)
    assert used
    assert "hold 0.9" in why


@pytest.mark.parametrize(("far", "used"), [(50, True), (500, False)])
def test_vectors_that_hardly_vary_are_left_as_they_are(far, used):
    found, why = chosen(noise() + far)
    assert found is used
    assert ("raise rounding 5" in why) is not used


@pytest.mark.parametrize(("count", "used"), [(8, False), (9, True)])
def test_fewer_items_than_span_all_dimensions_do_not_decide(count, used):
    found, why = chosen(noise(count) + 9 * np.eye(8)[0])
    assert found is used
    assert ("8 training items are too few to know 8 dimensions by" in why) is not used


def test_items_that_do_not_differ_are_not_whitened():
    assert chosen(np.ones((50, 3))) == (
        False,
        "there are not two training items whose vectors differ",
    )
