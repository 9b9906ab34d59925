import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from mmssl.evaluation.probes import linear
from mmssl.evaluation.probes.linear import GRID, choice_items, fit_linear
from mmssl.evaluation.probes.splits import stratified
from tests.tolerances import SUM, assert_close


@pytest.fixture
def clouds():
    rng = np.random.default_rng(0)
    labels = np.array(["a", "b", "c"])[rng.integers(0, 3, 600)]
    centers = {"a": 0, "b": 1, "c": 2}
    features = np.eye(16)[[centers[name] for name in labels]] + rng.normal(size=(600, 16)) * 0.5
    return features.astype("float32"), labels


def accuracy(features, labels, **arguments):
    probe = fit_linear(features[:400], labels[:400], **arguments)
    return np.mean(probe.predict(features[400:]) == labels[400:])


def test_separable_classes_are_told_apart_without_error(clouds):
    _, labels = clouds
    features = np.stack([labels == "a", labels == "b"], axis=1).astype("float32")
    assert accuracy(features, labels) == 1


def test_constant_features_give_the_majority():
    probe = fit_linear(np.full((400, 5), 0.1, "float32"), (["a"] * 3 + ["b"]) * 100)
    assert set(probe.predict(np.full((9, 5), 0.1, "float32"))) == {"a"}


def test_permuted_labels_give_chance(clouds):
    features, labels = clouds
    mixed = np.random.default_rng(1).permutation(labels[:400])
    probe = fit_linear(features[:400], mixed)
    assert np.mean(probe.predict(features[400:]) == labels[400:]) < 0.5


def test_the_scale_and_the_offset_of_features_do_not_matter(clouds):
    features, labels = clouds
    expected = accuracy(features, labels)
    assert accuracy(10 * features, labels) == expected
    stretched = features * 2.0 ** np.arange(16) + 3
    assert accuracy(stretched, labels) == pytest.approx(expected, abs=0.01)


def test_the_same_seed_gives_the_same_probe(clouds):
    features, labels = clouds
    first, second = fit_linear(features, labels, seed=3), fit_linear(features, labels, seed=3)
    np.testing.assert_array_equal(first.weights, second.weights)
    assert first.c == second.c


def test_the_probe_is_a_plain_layer_on_standardized_features(clouds):
    features, labels = clouds
    probe = fit_linear(features, labels)
    assert_close(probe.mean, features.mean(axis=0), SUM)
    assert_close(probe.scale, features.std(axis=0), SUM)
    scores = (features - probe.mean) / probe.scale @ probe.weights.T + probe.bias
    np.testing.assert_array_equal(probe.predict(features), probe.classes[scores.argmax(axis=1)])


def test_two_classes_are_told_apart_by_one_row(clouds):
    features, labels = clouds
    labels = np.where(labels == "a", "yes", "no")
    assert accuracy(features, labels) > 0.75
    assert fit_linear(features, labels).weights.shape == (1, 16)


def test_an_item_is_judged_alone_as_among_others(clouds):
    features, labels = clouds
    probe = fit_linear(features[:400], labels[:400])
    alone = [probe.predict(features[i : i + 1])[0] for i in range(400, 440)]
    np.testing.assert_array_equal(alone, probe.predict(features[400:440]))


def test_strength_is_chosen_on_items_that_were_not_fitted(clouds, monkeypatch):
    def choose(x, labels, held_x, held_labels, grid):
        assert not set(map(tuple, x)) & set(map(tuple, held_x))
        assert len(x) + len(held_x) == 600
        return chosen(x, labels, held_x, held_labels, grid)

    chosen = linear._choose
    monkeypatch.setattr(linear, "_choose", choose)
    fit_linear(*clouds)


def test_strength_is_chosen_on_the_validation_items_that_are_given(clouds):
    features, labels = clouds
    validation = features[30:], labels[30:]

    def right(**arguments):
        probe = fit_linear(features[:30], labels[:30], validation, **arguments)
        return np.mean(probe.predict(validation[0]) == validation[1])

    alone = [right(grid=(c,)) for c in GRID]
    assert right() > max(alone) - 0.01 > min(alone)


@pytest.fixture(scope="module")
def many_classes():
    """200 classes, 15 items each, told apart by what the strongest directions hide."""
    rng, names = np.random.default_rng(0), np.arange(200)
    mixing, centers = rng.normal(size=(64, 64)), rng.normal(size=(200, 64))
    mixing[:8] *= 30
    centers[:, :8] = 0

    def draw(count):
        labels = np.repeat(names, count)
        vectors = centers[labels] + rng.normal(size=(len(labels), 64))
        return (vectors @ mixing).astype("float32"), labels

    return draw(15), draw(5)


def test_among_many_classes_the_search_passes_the_strengths_that_all_give_chance(many_classes):
    train, (features, labels) = many_classes
    probe = fit_linear(*train)
    assert np.mean(probe.predict(features) == labels) > 0.85
    assert probe.c >= 1


def test_the_probe_of_many_classes_is_that_of_the_plain_solver(many_classes):
    train, (features, labels) = many_classes
    probe = fit_linear(*train, grid=(1.0,))
    scaled = [(x - probe.mean) / probe.scale for x in (train[0], features)]
    with threadpool_limits(1):
        solver = LogisticRegression(C=1.0, tol=1e-5, max_iter=1000).fit(scaled[0], train[1])
    expected = np.mean(solver.predict(scaled[1]) == labels)
    assert np.mean(probe.predict(features) == labels) > expected - 0.03


def test_hyperparameters_are_chosen_on_sixty_items_of_every_class():
    assert choice_items(np.repeat(np.arange(10), 1000)) == 6000
    assert choice_items(np.repeat(np.arange(200), 100)) == 12000


def test_sparse_features_are_taken_as_they_are(clouds):
    features, labels = clouds
    matrix = sparse.csr_matrix(np.maximum(features, 0))
    probe = fit_linear(matrix[:400], labels[:400])
    assert np.mean(probe.predict(matrix[400:]) == labels[400:]) > 0.6
    assert (probe.mean == 0).all()


def test_one_scale_for_all_keeps_the_proportions(clouds):
    features, labels = clouds
    probe = fit_linear(features * np.arange(1, 17), labels, standardize=False)
    assert len(np.unique(probe.scale)) == 1


def test_a_single_class_is_refused():
    with pytest.raises(ValueError, match="two classes or more; all 4 training items are 'a'"):
        fit_linear(np.eye(4), ["a"] * 4)


def test_classes_of_one_item_each_are_refused():
    with pytest.raises(ValueError, match="no class has two of the 4"):
        fit_linear(np.eye(4), ["a", "b", "c", "d"])


def test_a_drawn_part_holds_a_fifth_of_every_class_and_no_lone_item():
    labels = np.array(["a"] * 50 + ["b"] * 10 + ["c"] * 2 + ["d"])
    first, second = stratified(labels, 0.2, seed=0)
    assert sorted([*first, *second]) == list(range(63))
    names, counts = np.unique(labels[second], return_counts=True)
    assert dict(zip(names, counts, strict=True)) == {"a": 10, "b": 2, "c": 1}


def test_a_limited_draw_keeps_every_class():
    labels = np.array(["a"] * 500 + ["b"] * 5)
    first, second = stratified(labels, 0.2, seed=0, limit=100)
    assert 90 < len(first) + len(second) < 110
    assert set(labels[first]) == set(labels[second]) == {"a", "b"}


def test_a_draw_of_nothing_leaves_all():
    first, second = stratified(np.array(["a", "a", "b"]), 0.0, seed=0)
    assert len(first) == 3
    assert len(second) == 0
