"""DeepCluster v2: what is clustered, when, and what is predicted."""

import keras
import numpy as np
import pytest
from scipy.special import log_softmax

from mmssl.encoders import small_conv_encoder
from mmssl.methods.deepcluster_v2 import DeepClusterV2
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.tolerances import NETWORK, SUM, assert_close

CASE = Case(
    "vision/deepcluster_v2",
    (
        "--data.batch_size=8",
        "--data.limit=16",
        "--data.size=16",
        "--data.small_size=8",
        "--data.num_small_views=1",
        "--method.encoder.channels=[8,16]",
        "--method.encoder.strides=[2,2]",
        "--method.projector=[16,8]",
        "--method.memory_size=16",
        "--method.clusters=[5]",
        "--method.temperature=0.3",
        "--method.iterations=3",
    ),
    initial_loss=(np.log(5), 0.01),
    theory=("--method.temperature=100",),
    **on_clothes(0.02),
)
ITEMS, ROWS = 8, 4


def tiny(**kwargs):
    keras.utils.set_random_seed(0)
    encoder = small_conv_encoder(8, (4, 6), (2, 1))
    sizes = {"memory_size": ITEMS, "projector": (6, 5), "clusters": (3, 2), "iterations": 4}
    return DeepClusterV2(encoder, **{**sizes, **kwargs})


def crops(index, sizes=(8, 8, 4), seed=0):
    draw = np.random.default_rng((seed, *index))
    shape = len(index)
    return {
        **{
            f"images_{place}": draw.uniform(size=(shape, size, size, 3)).astype("float32")
            for place, size in enumerate(sizes, start=1)
        },
        "index": np.array(index, "int32"),
    }


EPOCH = [crops([5, 0, 3, 6]), crops([1, 7, 4, 2])]


@pytest.fixture
def adapted():
    method = tiny()
    method.adapt(iter(EPOCH))
    return method


def expected_loss(method, batch):
    """The loss of the official code, in NumPy; its targets are -100 where ours are -1."""
    projections = np.concatenate([np.asarray(z, "float64") for z in method(batch)])
    heads = []
    for centroids, state in zip(method.centroids, method.states, strict=True):
        labels = np.tile(np.asarray(state.labels)[batch["index"]], 3)
        scores = log_softmax(projections @ np.asarray(centroids).T / 0.1, axis=1)
        heads.append(-scores[np.arange(len(labels)), labels].mean())
    return np.mean(heads)


def test_every_crop_predicts_the_clusters_of_its_image_at_every_head(adapted):
    assert_close(float(loss_of(adapted, EPOCH[0], False)), expected_loss(adapted, EPOCH[0]), SUM)


def test_heads_cluster_the_memories_of_the_large_crops_in_turn(adapted):
    for head, (centroids, state) in enumerate(zip(adapted.centroids, adapted.states, strict=True)):
        rows = np.asarray(adapted.memories[head].vectors)
        for batch in EPOCH:
            crop = {"images": batch[f"images_{head + 1}"]}
            projected = np.asarray(adapted.projection_model()(crop)["embedding"], "float64")
            units = projected / np.linalg.norm(projected, axis=1, keepdims=True)
            assert_close(rows[batch["index"]], units, NETWORK)
        np.testing.assert_array_equal(state.labels, (rows @ np.asarray(centroids).T).argmax(1))
        assert_close(np.linalg.norm(centroids, axis=1), 1.0, SUM)
        np.testing.assert_array_equal(state.sizes, np.bincount(state.labels, minlength=3 - head))


def test_clusters_are_found_anew_at_the_first_step_of_each_epoch_and_at_no_other(adapted):
    moved = []
    for step in range(5):
        before = [np.asarray(c) for c in adapted.centroids]
        loss_of(adapted, crops([5, 0, 3, 6] if step % 2 else [1, 7, 4, 2], seed=step))
        after = [np.asarray(c) for c in adapted.centroids]
        moved.append(any(np.any(a != b) for a, b in zip(before, after, strict=True)))
    assert moved == [False, False, True, False, True]


def test_the_memory_has_the_large_crops_of_the_last_time_that_an_image_was_seen(adapted):
    before = [np.asarray(memory.vectors) for memory in adapted.memories]
    batch = crops([2, 6, 0, 5], seed=1)
    outputs = adapted(batch)
    adapted.compute_loss(x=batch, y_pred=outputs, training=True)
    others = [1, 3, 4, 7]
    for memory, old, projections in zip(adapted.memories, before, outputs[:2], strict=True):
        rows = np.asarray(memory.vectors)
        np.testing.assert_array_equal(rows[batch["index"]], np.asarray(projections))
        np.testing.assert_array_equal(rows[others], old[others])


def test_images_without_a_cluster_count_as_no_loss():
    method, batch = tiny(), EPOCH[0]
    assert float(loss_of(method, batch, training=False)) == 0
    method.adapt(iter(EPOCH[:1]))
    whole = float(loss_of(method, batch, training=False))
    half = crops([5, 0, 1, 7])
    for name in ("images_1", "images_2", "images_3"):
        half[name] = np.concatenate([batch[name][:2], half[name][2:]])
    alone = {name: x[:2] for name, x in half.items()}
    assert whole > 0
    known = float(loss_of(method, alone, training=False))
    assert_close(float(loss_of(method, half, training=False)), known / 2, NETWORK)


def test_centroids_get_no_gradient():
    assert not any(v is c for v in tiny().trainable_variables for c in tiny().centroids)
    assert all(not c.trainable for c in tiny().centroids)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"clusters=\(9,\)\) must be numbers from 2 to memory"):
        tiny(clusters=(9,))
    with pytest.raises(ValueError, match=r"memory_size=8\) must be the number of items .* item 8"):
        tiny().adapt([crops([8, 0])])
    assert "lower method.clusters" in tiny().doubts(5)[0]
    assert tiny().doubts(6) == []
