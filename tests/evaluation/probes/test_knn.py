import numpy as np
import pytest
from scipy import sparse

from mmssl.evaluation.probes.knn import knn_predict, nearest


def at_cosines(*cosines):
    """Unit vectors in the plane with these cosines to (1, 0)."""
    cosines = np.array(cosines)
    return np.stack([cosines, np.sqrt(1 - cosines**2)], axis=1)


@pytest.fixture
def clouds():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    return np.eye(8)[labels] + rng.normal(size=(300, 8)) * 0.4, labels


def test_a_bank_of_the_queries_themselves_is_always_right(clouds):
    features, labels = clouds
    np.testing.assert_array_equal(knn_predict(features, labels, features, k=1), labels)


def test_all_neighbors_at_a_high_temperature_give_the_majority(clouds):
    features, _ = clouds
    labels = np.array(["a"] * 180 + ["b"] * 120)
    assert set(knn_predict(features, labels, features, k=300, temperature=1e9)) == {"a"}


@pytest.mark.parametrize(("temperature", "winner"), [(0.07, 1), (0.1, 1), (0.2, 0)])
def test_two_near_neighbors_lose_to_one_nearer_at_low_temperatures(temperature, winner):
    bank = at_cosines(0.8, 0.8, 0.9)
    found = knn_predict(bank, [0, 0, 1], np.array([[2.0, 0.0]]), 3, temperature)
    assert found == [winner]


@pytest.mark.parametrize(("k", "temperature"), [(1, 0.07), (20, 0.07), (200, 0.1)])
def test_the_vote_is_the_one_of_the_dino_paper(clouds, k, temperature):
    features, labels = clouds
    bank, queries = features[:250], features[250:]
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (bank, queries)]
    cosines = unit[1] @ unit[0].T
    expected = []
    for row in cosines:
        votes = np.zeros(3)
        for neighbor in np.argsort(-row)[:k]:
            votes[labels[neighbor]] += np.exp(row[neighbor] / temperature)
        expected.append(votes.argmax())
    found = knn_predict(bank, labels[:250], queries, k, temperature)
    np.testing.assert_array_equal(found, expected)


def test_equal_votes_go_to_the_first_class():
    bank = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert knn_predict(bank, ["b", "a"], bank[:1], k=2) == ["a"]


def test_rotation_and_length_leave_predictions_unchanged(clouds):
    features, labels = clouds
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(8, 8)))
    lengths = np.random.default_rng(2).uniform(0.1, 10, (300, 1))
    turned = features @ rotation
    expected = knn_predict(features[:200], labels[:200], features[200:], 20)
    found = knn_predict((turned * lengths)[:200], labels[:200], turned[200:], 20)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_chunks_of_any_size_give_the_same_neighbors(clouds, chunk):
    features, _ = clouds
    expected, _ = nearest(features, features, 5, 300)
    found, cosines = nearest(features, features, 5, chunk)
    np.testing.assert_array_equal(found, expected)
    assert (np.diff(cosines, axis=1) <= 0).all()


def test_sparse_features_give_the_neighbors_of_dense_ones(clouds):
    features, labels = clouds
    features = np.maximum(features, 0)
    dense = knn_predict(features, labels, features, 20)
    matrix = sparse.csr_matrix(features)
    np.testing.assert_array_equal(knn_predict(matrix, labels, matrix, 20), dense)


def test_neighbors_beyond_the_bank_are_refused():
    with pytest.raises(ValueError, match="k=4 must be between 1 and the 3"):
        nearest(np.eye(3), np.eye(3), 4)


def test_labels_of_another_number_are_refused():
    with pytest.raises(ValueError, match="3 features were given with 2 labels"):
        knn_predict(np.eye(3), [0, 1], np.eye(3), 1)


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ValueError, match="temperature"):
        knn_predict(np.eye(2), [0, 1], np.eye(2), 1, temperature=0)
