import numpy as np
import pytest

from mmssl.evaluation.probes.few_shot import few_shot, summarize
from mmssl.evaluation.probes.splits import few_labels
from tests.tolerances import ROUNDING, assert_close, assert_within


@pytest.fixture
def clouds():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, 800)
    features = 2 * np.eye(12)[codes] + rng.normal(size=(800, 12)) * 0.6
    return features[:600], codes[:600], features[600:], codes[600:]


def test_every_class_gives_the_number_of_labels():
    labels = np.array(["a"] * 50 + ["b"] * 30 + ["c"] * 2)
    drawn = few_labels(labels, 0, per_class=5)
    assert dict(zip(*np.unique(labels[drawn], return_counts=True), strict=True)) == {
        "a": 5,
        "b": 5,
        "c": 2,
    }
    assert (np.diff(drawn) > 0).all()


def test_a_fraction_is_taken_of_each_class_and_one_item_at_least():
    labels = np.array(["a"] * 200 + ["b"] * 100 + ["c"] * 3)
    drawn = few_labels(labels, 0, fraction=0.1)
    assert np.unique(labels[drawn], return_counts=True)[1].tolist() == [20, 10, 1]


def test_draws_follow_from_the_seed_alone():
    labels = np.repeat(["a", "b"], 100)
    first = few_labels(labels, (0, 1), per_class=5)
    np.testing.assert_array_equal(first, few_labels(labels, (0, 1), per_class=5))
    assert set(first) != set(few_labels(labels, (0, 2), per_class=5))


def test_more_labels_are_worth_more(clouds):
    means = [np.mean(few_shot(*clouds, shots)) for shots in (1, 5, 50)]
    assert means == sorted(means)
    assert means[-1] > 0.95


def test_encoders_are_compared_on_the_same_draws(clouds):
    train, labels, test, truth = clouds
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(12, 12)))
    first = few_shot(train, labels, test, truth, 5, standardize=False)
    turned = few_shot(train @ rotation, labels, test @ rotation, truth, 5, standardize=False)
    assert len(set(first)) > 1
    assert_within(first, turned, 0.011)  # an item or two more or less


def test_the_layer_is_logistic_regression_on_standardized_features(clouds):
    from sklearn.linear_model import LogisticRegression

    train, labels, test, truth = clouds
    drawn = few_labels(labels, (7, 0), per_class=5)
    mean, scale = train.mean(axis=0), train.std(axis=0)
    model = LogisticRegression(C=1.0, tol=1e-4).fit((train[drawn] - mean) / scale, labels[drawn])
    expected = np.mean(model.predict((test - mean) / scale) == truth)
    assert few_shot(train, labels, test, truth, 5, seed=7, draws=1) == [expected]


def test_the_standard_deviation_is_that_of_a_sample():
    found = summarize([0.5, 0.7])
    assert set(found) == {"mean", "std", "draws"}
    assert found["draws"] == [0.5, 0.7]
    assert_close([found["mean"], found["std"]], [0.6, np.sqrt(0.02)], ROUNDING, dtype="float64")
    assert summarize([0.5])["std"] == 0


def test_numbers_below_one_are_refused(clouds):
    with pytest.raises(ValueError, match="shots=0"):
        few_shot(*clouds, 0)
