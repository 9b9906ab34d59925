"""What is said and shown of the clusters of images."""

import numpy as np
import pytest
from sklearn.metrics import normalized_mutual_info_score

from mmssl.encoders import small_conv_encoder
from mmssl.methods.bases.cluster_state import ClusterState, cluster_metrics
from mmssl.methods.bases.clusters import Clusters, label_information
from mmssl.methods.bases.whitened_features import fit_whitening
from mmssl.pipelines.images import NumberedViews
from mmssl.pipelines.sources import open_source
from tests.tolerances import NETWORK, SUM, assert_close

COLORS = [0, 40, 80, 120, 160, 200]
IMAGES = [np.full((6, 6, 3), color, "uint8") for color in COLORS * 2]


class Brightness(Clusters):
    """Has dark, gray and bright images in a cluster each, and a fourth without images."""

    num_clusters = 4

    def cluster_scores(self, embeddings):
        brightness = np.asarray(embeddings).mean(axis=1, keepdims=True)
        edges = np.quantile(BRIGHTNESS, [0, 0.5, 1])
        return np.concatenate([-abs(brightness - edges), brightness * 0 - 1e3], axis=1)


@pytest.fixture(scope="module")
def data():
    return NumberedViews(IMAGES, size=4, batch_size=4)


@pytest.fixture(scope="module")
def method(data):
    method = Brightness(small_conv_encoder(4, (4, 4), (1, 1)))
    global BRIGHTNESS
    examples = next(iter(data.examples(data.open(IMAGES))))
    BRIGHTNESS = np.asarray(method.encoder(examples)["embedding"]).mean(axis=1)
    return method


def test_held_out_images_are_assigned_and_set_against_labels(method, data):
    labels = ["a", "b"] * 6
    source = open_source(IMAGES, data.extensions, labels)
    clusters, scores = method.assign(data, source)
    assert len(clusters) == len(scores) == 12
    np.testing.assert_array_equal(clusters[:6], clusters[6:])
    found = method.validate(data.on(source))
    assert found == {
        "largest_share": np.bincount(clusters).max() / 12,
        "cluster_nmi": label_information(clusters, np.array(labels)),
    }
    assert list(method.validate(data.on(source.unlabeled()))) == ["largest_share"]


def test_a_report_shows_a_row_of_each_cluster_that_has_images(method, data):
    [(title, caption, picture)] = method.report_images(data.on(data.open(IMAGES)))
    clusters, _ = method.assign(data, data.open(IMAGES))
    rows = len(set(clusters))
    assert title == "Clusters"
    assert f"the {rows} largest of 4 clusters of 12 images" in caption
    assert picture.shape == (4 * rows, 40, 3)
    assert picture.dtype == "uint8"
    first = [picture[0, 4 * n, 0] for n in range(10)]
    largest = np.bincount(clusters).argmax()
    members = [COLORS[i % 6] for i in np.flatnonzero(clusters == largest)]
    assert sorted(first[: len(members)]) == sorted(members)
    assert set(first[len(members) :]) <= {255}


def test_information_is_that_of_scikit_learn_over_items_with_labels():
    clusters, labels = np.array([0, 0, 1, 1, 2]), np.array(["a", "a", "b", "a", ""])
    expected = normalized_mutual_info_score(labels[:4], clusters[:4], average_method="geometric")
    assert label_information(clusters, labels) == expected
    assert label_information(np.array([3, 3, 7]), np.array(["x", "x", "y"])) == 1


def test_figures_of_a_clustering_are_those_of_its_sizes():
    state = ClusterState(6, 4)
    labels = np.array([0, 0, 0, 2, 1, -1], "int32")
    for variable, value in zip(state.weights, state.updated(labels), strict=True):
        variable.assign(value)
    figures = {name: float(value) for name, value in cluster_metrics([state]).items()}
    assert figures["empty_clusters"] == 1
    assert figures["agreement"] == 0
    assert_close(figures["largest_cluster"], 3 / 5, SUM)
    _, _, agreement = state.updated(labels)
    assert_close(agreement, 1.0, SUM)


def test_whitened_features_have_no_correlation_and_variance_one():
    draw = np.random.default_rng(0)
    features = (draw.normal(size=(50, 4)) @ draw.normal(size=(4, 4)) + 3).astype("float32")
    mean, kernel = fit_whitening(features, 3)
    rows = (features - mean).astype("float64") @ kernel
    assert_close(rows.T @ rows / 50, np.eye(3), NETWORK)
    flat = np.concatenate([features, features[:, :1]], axis=1)
    assert np.isfinite(fit_whitening(flat, 5)[1]).all()
