"""Siamese networks: one network for both of a pair, and a distance that tells pairs apart."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.methods.siamese import Siamese
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_VIEWS
from tests.tolerances import NETWORK, SUM, assert_close

CASE = Case(
    "vision/siamese",
    (*TINY_VIEWS, "--method.projector=[8]"),
    **on_clothes(0.01),
)
SAME = np.array([1, 0, 1, 0, 1, 0, 1, 0], "float32")


@pytest.fixture
def batch(pairs):
    return {**pairs, "same": SAME}


def distance_of(method, batch):
    """Distances of pairs, one picture after the other through the network."""
    first, second = (
        np.asarray(method.student({"vectors": batch[f"vectors_{k}"]})["projection"], "float64")
        for k in (1, 2)
    )
    return np.sqrt(np.square(first - second).sum(axis=1))


def test_the_loss_is_hadsells_of_the_distances(encoder, batch):
    method = Siamese(encoder, (4,), margin=2.0)
    distance = distance_of(method, batch)
    costs = SAME * distance**2 + (1 - SAME) * np.maximum(0, 2.0 - distance) ** 2
    assert_close(loss_of(method, batch, training=False), costs.mean() / 2, NETWORK)
    assert_close(method.distances(batch), distance, NETWORK)


def test_both_of_a_pair_share_batch_statistics(encoder, batch):
    method = Siamese(encoder, (4,))
    both = np.concatenate([batch["vectors_1"], batch["vectors_2"]])
    expected = method.student({"vectors": both}, training=True)["projection"]
    assert_close(np.concatenate(method(batch, training=True)), expected, SUM)


def test_the_distance_is_symmetric_and_zero_for_equal_pictures(encoder, batch):
    method = Siamese(encoder, (4,))
    turned = {"vectors_1": batch["vectors_2"], "vectors_2": batch["vectors_1"], "same": SAME}
    np.testing.assert_array_equal(method.distances(turned), method.distances(batch))
    assert method.distances(batch).min() > 0
    assert not method.distances({**batch, "vectors_2": batch["vectors_1"]}).any()


def test_it_has_the_weights_of_one_encoder_and_one_head(encoder):
    method = Siamese(encoder, (4,))
    own = sum(v.numpy().size for v in method.student.variables)
    assert own == encoder.count_params() + (8 * 4 + 4)
    assert {id(v) for v in method.trainable_variables} <= {id(v) for v in method.student.variables}


def gradient(method, batch, names=("vectors_1", "vectors_2")):
    inputs = {name: tf.constant(batch[name]) for name in names}
    with tf.GradientTape() as tape:
        tape.watch(list(inputs.values()))
        loss = loss_of(method, {**batch, **inputs}, training=False)
    return tape.gradient(loss, [*inputs.values(), *(v.value for v in method.trainable_variables)])


def test_gradients_come_from_both_of_a_pair(encoder, batch):
    first, second, *weights = gradient(Siamese(encoder, (4,), margin=9.0), batch)
    assert np.asarray(first).any(axis=1).all()
    assert np.asarray(second).any(axis=1).all()
    assert all(np.asarray(w).any() for w in weights if w.shape != (4,))


def test_pairs_beyond_the_margin_that_are_not_alike_give_no_gradient(encoder, batch):
    apart = {**batch, "vectors_2": batch["vectors_1"][::-1] + 9.0, "same": 0 * SAME}
    method = Siamese(encoder, (4,), margin=0.01)
    assert method.distances(apart).min() > 0.01
    assert not any(np.asarray(g).any() for g in gradient(method, apart))


class Data:
    """Two batches of pairs that are held out."""

    def __init__(self, *batches):
        self.given = batches

    def __len__(self):
        return len(self.given)

    def batches(self):
        stacked = {name: np.stack([b[name] for b in self.given]) for name in self.given[0]}
        return tf.data.Dataset.from_tensor_slices(stacked)


def test_held_out_figures_are_those_of_all_pairs_of_both_kinds(encoder, batch):
    method = Siamese(encoder, (4,), margin=2.0)
    other = {**batch, "vectors_2": batch["vectors_2"][::-1].copy()}
    figures = method.validate(Data(batch, other))
    distance = np.concatenate([distance_of(method, batch), distance_of(method, other)])
    alike = np.concatenate([SAME, SAME]) == 1
    nearer = distance[alike][:, None] < distance[~alike]
    assert_close(figures["pair_auc"], nearer.mean(), SUM)
    assert_close(figures["same_distance"], distance[alike].mean() / 2, NETWORK)
    assert_close(figures["other_distance"], distance[~alike].mean() / 2, NETWORK)


def test_a_pair_counts_as_alike_below_half_the_margin(encoder, batch):
    method = Siamese(encoder, (4,))
    distance = distance_of(method, batch)
    method.margin = 2 * float(np.median(distance))
    loss_of(method, batch, training=False)
    hits = (distance < np.median(distance)) == (SAME == 1)
    assert_close(method.get_metrics_result()["pair_accuracy"], hits.mean(), SUM)


def test_the_picture_shows_pairs_the_nearest_first(encoder):
    images = np.random.default_rng(0).random((3, 6, 6, 3), "float32")
    method = Siamese(encoder, (4,))
    method.distances = lambda batch: np.array([0.3, 0.1, 0.2])
    batch = {"images_1": images, "images_2": 1 - images, "same": np.float32([1, 0, 1])}
    [(_, caption, picture)] = method.report_images(Data(batch))
    assert (picture.shape, picture.dtype) == ((6 + 6 + 4, 3 * 6, 3), np.uint8)
    assert "nearest first" in caption
    row = np.rint(255 * np.concatenate(images[[1, 2, 0]], axis=1))
    np.testing.assert_array_equal(picture[:6], row)
    green = picture[-1, :, 1] > picture[-1, :, 0]
    np.testing.assert_array_equal(green, np.repeat([False, True, True], 6))


def test_a_margin_of_zero_is_refused(encoder):
    with pytest.raises(ValueError, match="margin"):
        Siamese(encoder, (4,), margin=0.0)
