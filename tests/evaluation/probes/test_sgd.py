import numpy as np
import pytest

from mmssl.evaluation.probes.sgd import _gradients, fit_sgd
from tests.tolerances import ROUNDING, SUM, assert_close


@pytest.fixture
def clouds():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 600)
    features = np.eye(16)[codes] + rng.normal(size=(600, 16)) * 0.5
    return features.astype("float32"), np.array(["a", "b", "c"])[codes]


def accuracy(features, labels, **arguments):
    probe = fit_sgd([x[:400] for x in features], labels[:400], epochs=10, **arguments)
    return np.mean(probe.predict([x[400:] for x in features]) == labels[400:])


def test_separable_classes_are_told_apart_without_error(clouds):
    _, labels = clouds
    features = np.stack([labels == "a", labels == "b"], axis=1).astype("float32")
    assert accuracy([features], labels) == 1


def test_it_comes_to_what_logistic_regression_comes_to(clouds):
    from mmssl.evaluation.probes.linear import fit_linear

    features, labels = clouds
    convex = fit_linear(features[:400], labels[:400]).predict(features[400:])
    assert accuracy([features], labels) == pytest.approx(np.mean(convex == labels[400:]), abs=0.03)


def test_permuted_labels_give_chance(clouds):
    features, labels = clouds
    mixed = np.concatenate([np.random.default_rng(1).permutation(labels[:400]), labels[400:]])
    assert accuracy([features], mixed) < 0.5


def test_the_gradient_is_the_finite_difference_of_the_cross_entropy():
    rng = np.random.default_rng(0)
    state = [rng.normal(size=shape) for shape in ((2, 3), (2, 5, 4), (2, 1, 4))]
    features, codes = rng.normal(size=(3, 7, 5)), rng.integers(0, 4, 7)

    def loss():
        mixing, weights, bias = state
        shares = np.exp(mixing) / np.exp(mixing).sum(axis=1, keepdims=True)
        joined = (shares[:, :, None, None] * features).sum(axis=1)
        scores = np.exp(joined @ weights + bias)
        right = scores[:, np.arange(7), codes] / scores.sum(axis=2)
        return -np.log(right).mean(axis=1).sum()

    for part, slope in zip(state, _gradients(state, features, codes), strict=True):
        place = tuple(n - 1 for n in part.shape)
        part[place] += 1e-5
        above = loss()
        part[place] -= 2e-5
        below = loss()
        part[place] += 1e-5
        assert_close(slope[place], (above - below) / 2e-5, SUM)


def test_the_block_that_tells_classes_apart_gets_the_weight(clouds):
    features, labels = clouds
    noise = np.random.default_rng(2).normal(size=features.shape).astype("float32")
    probe = fit_sgd([noise, features, noise], labels, epochs=20)
    assert probe.mixing_weights[1] > 0.6
    assert_close(probe.mixing_weights.sum(), 1, ROUNDING)
    assert accuracy([noise, features], labels) > accuracy([noise], labels) + 0.3


def test_the_rate_is_chosen_on_the_validation_items_that_are_given(clouds):
    features, labels = clouds
    validation = [features[30:]], labels[30:]

    def right(rates):
        probe = fit_sgd([features[:30]], labels[:30], validation, learning_rates=rates, epochs=3)
        return probe.learning_rate, np.mean(probe.predict(validation[0]) == validation[1])

    alone = dict(right((rate,)) for rate in (1e-4, 1e-2, 1.0))
    chosen, accuracy = right(tuple(alone))
    assert accuracy == max(alone.values()) == alone[chosen]


def test_the_same_seed_gives_the_same_layer(clouds):
    features, labels = clouds
    one, two = (fit_sgd([features], labels, seed=3, epochs=2) for _ in range(2))
    np.testing.assert_array_equal(one.weights, two.weights)


def test_blocks_of_different_width_are_refused(clouds):
    features, labels = clouds
    with pytest.raises(ValueError, match=r"have \[8, 16\] dimensions"):
        fit_sgd([features, features[:, :8]], labels)


def test_too_few_items_to_choose_on_are_refused():
    with pytest.raises(ValueError, match="no class has two"):
        fit_sgd([np.eye(3, dtype="float32")], ["a", "b", "c"])
