"""DeepCluster: what is clustered before an epoch, and what is classified in it."""

import keras
import numpy as np
import pytest
from scipy.special import log_softmax

from mmssl.encoders import small_conv_encoder
from mmssl.methods.deepcluster import DeepCluster
from mmssl.pipelines.images import ImageCrops, NumberedCrops
from mmssl.runs.checkpoint import load_state, save_state
from tests.contract.building import loss_of, mirrored
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_VIEWS
from tests.tolerances import NETWORK, SUM, assert_close, assert_within, deviation_margin

CASE = Case(
    "vision/deepcluster",
    (
        *TINY_VIEWS,
        "--data.limit=16",
        "--method.memory_size=16",
        "--method.clusters=4",
        "--method.components=4",
        "--method.iterations=3",
    ),
    initial_loss=(np.log(4), 0.05),
    **on_clothes(0.01),
)
ITEMS, SIZE = 13, 8
IMAGES = list(np.random.default_rng(0).integers(0, 256, (ITEMS, 10, 12, 3)).astype("uint8"))


def method_of(**kwargs):
    keras.utils.set_random_seed(0)
    method = DeepCluster(
        small_conv_encoder(SIZE, (4, 6), (2, 2)),
        **{"memory_size": ITEMS, "clusters": 5, "components": 3, "iterations": 4, **kwargs},
    )
    method.compile(keras.optimizers.SGD(0.5))
    return method


def data_of(images=IMAGES):
    return NumberedCrops(images, size=SIZE, batch_size=4).prepare()


@pytest.fixture(scope="module")
def data():
    return data_of()


def embeddings(method, data):
    return np.asarray(method.encoder(next(iter(data.examples(data.items, ITEMS))))["embedding"])


def test_whole_images_are_whitened_scaled_and_put_into_the_nearest_clusters(data):
    method = method_of()
    method.begin_epoch(data, 0)
    features = embeddings(method, data).astype("float64")
    away = features - features.mean(0)
    variances, axes = np.linalg.eigh(away.T @ away / ITEMS)
    white = away @ axes[:, -3:] / np.sqrt(variances[-3:])
    units = white / np.linalg.norm(white, axis=1, keepdims=True)
    rows = np.asarray(method.whiten(features.astype("float32")), "float64")
    # The signs of the axes, and their order, are free.
    assert_close(rows @ rows.T, units @ units.T, 4 * NETWORK)
    labels = np.asarray(method.state.labels)
    distances = ((rows[:, None] - np.asarray(method.centroids)) ** 2).sum(-1)
    np.testing.assert_array_equal(labels, distances.argmin(1))
    np.testing.assert_array_equal(method.assign(data, data.items)[0], labels)


def test_no_cluster_is_empty_even_of_images_that_are_equal():
    method = method_of()
    method.begin_epoch(data_of(IMAGES[:1] * ITEMS), 0)
    sizes = np.bincount(method.state.labels, minlength=5)
    assert sizes.min() > 0
    assert sizes.sum() == ITEMS
    np.testing.assert_array_equal(method.state.sizes, sizes)


def test_an_epoch_shows_all_clusters_equally_often():
    method, data = method_of(), data_of()
    method.begin_epoch(data, 0)
    index = np.concatenate([batch["index"] for batch in data.batches().take(len(data))])
    counts = np.bincount(np.asarray(method.state.labels)[index], minlength=5)
    assert counts.max() - counts.min() <= 1


def test_the_classifier_begins_anew_and_the_encoder_does_not(data):
    method = method_of()
    encoder = method.encoder.get_weights()
    kernels = []
    for epoch in range(2):
        method.head.bias.assign(np.ones(5))
        method.begin_epoch(data, epoch)
        kernels.append(np.asarray(method.head.kernel))
        assert not np.any(method.head.bias)
    assert np.any(kernels[0] != kernels[1])
    assert_within(np.std(kernels), 0.01, 0.01 * deviation_margin(np.size(kernels)))
    for one, two in zip(encoder, method.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_clusterings_agree_from_the_second_on(data):
    method = method_of()
    found = []
    for epoch in range(2):
        method.begin_epoch(data, epoch)
        found.append(float(method.state.agreement))
    assert found[0] == 0 < found[1] <= 1


def test_an_epoch_that_has_begun_is_gone_on_with_in_the_same_order(tmp_path):
    method, data = method_of(), data_of()
    for epoch in range(2):
        method.begin_epoch(data, epoch)
    save_state(tmp_path / "state.npz", method, {})
    again, fresh = method_of(clusters=5), data_of()
    load_state(tmp_path / "state.npz", again)
    for variable in again.encoder.trainable_variables:  # which another clustering would show
        variable.assign(np.random.default_rng(2).normal(size=variable.shape))
    again.begin_epoch(fresh, 1)
    np.testing.assert_array_equal(again.state.labels, method.state.labels)
    np.testing.assert_array_equal(again.head.kernel, method.head.kernel)
    for one, two in zip(data.batches(4).take(2), fresh.batches(4).take(2), strict=True):
        np.testing.assert_array_equal(one["index"], two["index"])


def test_a_crop_is_classified_by_the_cluster_of_its_image(data):
    method = method_of()
    method.begin_epoch(data, 0)
    method.head.kernel.assign(np.random.default_rng(1).normal(size=method.head.kernel.shape))
    batch = next(iter(data.batches()))
    embedded = np.asarray(method.encoder({"images": batch["images"]})["embedding"], "float64")
    logits = log_softmax(embedded @ np.asarray(method.head.kernel), axis=1)
    labels = np.asarray(method.state.labels)[batch["index"]]
    assert_close(float(loss_of(method, batch, False)), -logits[range(4), labels].mean(), SUM)
    method.head.kernel.assign(method.head.kernel * 0)
    assert_close(float(loss_of(method, batch, False)), np.log(5), SUM)


def test_two_replicas_find_the_clusters_of_one(data):
    one = method_of()
    with mirrored().scope():
        two = method_of()
    for method in (one, two):
        method.begin_epoch(data, 0)
    np.testing.assert_array_equal(two.state.labels, one.state.labels)
    assert_close(two.centroids, one.centroids, SUM)


def test_what_does_not_fit_is_refused(data):
    with pytest.raises(ValueError, match=r"clusters=14\) must lie between 2 and memory_size=13"):
        method_of(clusters=14)
    with pytest.raises(
        ValueError, match=r"such as mmssl\.pipelines.images\.NumberedCrops, not Image"
    ):
        method_of().begin_epoch(ImageCrops(IMAGES, size=SIZE, batch_size=4).prepare(), 0)
    with pytest.raises(ValueError, match=r"memory_size=12, clusters=5\) needs .* there are 13"):
        method_of(memory_size=12).begin_epoch(data, 0)
