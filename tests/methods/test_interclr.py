"""InterCLR: its clusters, and what queries meet of them."""

import keras
import numpy as np
import pytest

from mmssl.encoders import small_conv_encoder
from mmssl.layers import gumbel_noise
from mmssl.losses import inter_image
from mmssl.methods.interclr import InterCLR
from mmssl.methods.moco import MoCo
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_VIEWS
from tests.tolerances import SUM, assert_close, multiples

CASE = Case(
    "vision/interclr",
    (
        *TINY_VIEWS,
        "--data.limit=24",
        "--method.projector=[8]",
        "--method.queue_size=32",
        "--method.memory_size=24",
        "--method.clusters=3",
        "--method.negatives=6",
        "--method.pool=1",
        "--method.least=4",
        "--method.centroid_steps=2",
    ),
    overfit=None,  # a batch that comes again meets its own keys in the queue
    # The memory's vectors are alike at first, and the margin of -0.5 is divided by T = 10.
    initial_loss=(0.75 * np.log(32 + 1) + 0.25 * np.log(1 + 6 * np.exp(-0.05)), 0.15),
    theory=("--method.temperature=10",),
    **on_clothes(0.01),
)
ITEMS = 12


def tiny(method=InterCLR, **kwargs):
    keras.utils.set_random_seed(0)
    sizes = {"memory_size": ITEMS, "clusters": 3, "negatives": 4, "pool": 0.5, "least": 2}
    own = sizes if method is InterCLR else {}
    shared = {"projector": (8, 4), "queue_size": 16, "momentum": 0.9}
    return method(small_conv_encoder(8, (4, 6), (2, 2)), **{**own, **shared, **kwargs})


def views(index, seed=0):
    draw = np.random.default_rng((seed, *index))
    shape = (len(index), 8, 8, 3)
    return {
        "images_1": draw.uniform(size=shape).astype("float32"),
        "images_2": draw.uniform(size=shape).astype("float32"),
        "index": np.array(index, "int32"),
        "draws": draw.integers(0, 2**24, len(index)).astype("int32"),
    }


EPOCH = [views([7, 2, 9, 4]), views([0, 11, 5, 1]), views([3, 10, 6, 8])]


@pytest.fixture
def adapted():
    method = tiny()
    method.adapt(iter(EPOCH))
    return method


def test_the_first_clusters_are_those_of_all_images_and_large_enough(adapted):
    labels = np.asarray(adapted.state.labels)
    sizes = np.bincount(labels, minlength=3)
    assert sizes.min() >= 2
    assert sizes.sum() == ITEMS
    np.testing.assert_array_equal(adapted.state.sizes, sizes)
    assert_close(np.linalg.norm(adapted.memory.vectors, axis=1), 1.0, SUM)


def test_the_branches_are_moco_s_and_that_between_images(adapted):
    batch, moco = EPOCH[0], tiny(MoCo)
    terms = adapted.loss_terms(batch, adapted(batch), training=False)
    expected = moco.loss_terms(batch, moco(batch), training=False)["info_nce"]
    assert_close(terms["intra"], expected, SUM)
    bank = np.asarray(adapted.memory.vectors)
    noise = gumbel_noise(batch["draws"], ITEMS)
    between = inter_image(
        *(adapted(batch), batch["index"], bank, np.asarray(adapted.state.labels), noise),
        **{"pool": 6, "negatives": 4, "margin": -0.5, "temperature": 0.2},
    )
    assert_close(terms["inter"], between, SUM)
    total = float(loss_of(adapted, batch, training=False))
    assert_close(total, 0.75 * expected + 0.25 * between, SUM)


def test_images_of_a_batch_get_their_keys_and_the_nearest_clusters(adapted):
    adapted.least = 1  # so that nothing else moves them
    batch, before = views([5, 0, 8, 2], seed=1), np.asarray(adapted.state.labels)
    bank, centroids = np.asarray(adapted.memory.vectors), np.asarray(adapted.centroids)
    loss_of(adapted, batch)
    keys = np.asarray(adapted.teacher({"images": batch["images_2"]})["projection"], "float64")
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    after, rows = np.asarray(adapted.state.labels), np.asarray(adapted.memory.vectors)
    assert_close(rows[batch["index"]], keys, SUM)
    np.testing.assert_array_equal(after[batch["index"]], (keys @ centroids.T).argmax(1))
    others = np.setdiff1d(np.arange(ITEMS), batch["index"])
    np.testing.assert_array_equal(after[others], before[others])
    np.testing.assert_array_equal(rows[others], bank[others])
    np.testing.assert_array_equal(adapted.state.sizes, np.bincount(after, minlength=3))
    changed = float(adapted.get_metrics_result()["changed"])
    assert changed == np.mean(before[batch["index"]] != after[batch["index"]])


def test_centroids_become_means_when_that_is_due_and_not_before(adapted):
    adapted.centroid_steps, adapted.least = 2, 1
    moved = []
    for step in range(4):
        before = np.asarray(adapted.centroids)
        loss_of(adapted, views([5, 0, 8, 2], seed=step))
        moved.append(multiples(adapted.centroids, before) > SUM)
    assert moved == [False, True, False, True]
    labels, rows = np.asarray(adapted.state.labels), np.asarray(adapted.memory.vectors)
    for cluster in np.unique(labels):
        mean = rows[labels == cluster].mean(0)
        assert_close(adapted.centroids[cluster], mean / np.linalg.norm(mean), SUM)


def test_clusters_never_become_too_small(adapted):
    adapted.least = 3
    for step in range(4):
        loss_of(adapted, views([1, 4, 7, 10], seed=step))
        sizes = np.bincount(adapted.state.labels, minlength=3)
        assert sizes.min() >= 3
        assert sizes.sum() == ITEMS
        np.testing.assert_array_equal(adapted.state.sizes, sizes)


def test_without_the_weight_between_images_it_learns_as_moco_does():
    batch = EPOCH[0]
    one = tiny(loss_weights={"intra": 1.0, "inter": 0.0})
    two = tiny(MoCo)
    one.adapt(iter(EPOCH))
    for method in (one, two):
        method.compile(keras.optimizers.SGD(0.5))
        method.train_on_batch(batch)
    for own, other in zip(one.encoder.weights, two.encoder.weights, strict=True):
        assert_close(own, other, SUM, scale=1)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"pool=0\) must be above 0 and at most 1"):
        tiny(pool=0)
    with pytest.raises(ValueError, match=r"clusters=7\) must be 2 or more, and memory_size=12"):
        tiny(clusters=7)
    assert "lower method.clusters" in tiny().doubts(5)[-1]
