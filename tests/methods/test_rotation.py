"""RotNet: by how many quarter turns a picture was turned."""

import keras
import numpy as np
import pytest

from mmssl.encoders import small_conv_encoder
from mmssl.methods.rotation import RotNet
from mmssl.pipelines.images import RotatedCrops
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.sizes import TINY_VIEWS
from tests.tolerances import ROUNDING, SUM, assert_close

CASE = Case(
    "vision/rotation",
    (*TINY_VIEWS, "--probe.layer=null"),
    # The classifier begins at zero: no more than rounding is allowed.
    initial_loss=(np.log(4), 0.00001),
)
SIZE = 8


def method_of():
    keras.utils.set_random_seed(0)
    method = RotNet(small_conv_encoder(SIZE, (8, 8), (2, 2)))
    kernel = method.head.get_layer("logits").kernel
    kernel.assign(np.random.default_rng(0).normal(size=kernel.shape))
    return method


def turned(images):
    return {f"images_{k + 1}": np.rot90(images, k, axes=(1, 2)).copy() for k in range(4)}


@pytest.fixture
def batch():
    return turned(np.random.default_rng(0).random((3, SIZE, SIZE, 3), "float32"))


def test_every_orientation_is_there_once_a_picture_in_the_order_of_the_views(batch):
    labels = np.asarray(method_of().labels(batch))
    np.testing.assert_array_equal(labels, [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3)


def test_the_loss_is_that_of_the_orientation_averaged_over_all_four(batch):
    method, expected = method_of(), []
    for k in range(4):
        embedding = method.encoder({"images": batch[f"images_{k + 1}"]})["embedding"]
        logits = np.asarray(method.head(embedding), "float64")
        expected.append(np.log(np.exp(logits).sum(axis=1)) - logits[:, k])
    assert_close(float(loss_of(method, batch, training=False)), np.mean(expected), SUM)


def test_all_four_orientations_share_batch_statistics(batch):
    method = method_of()
    together = np.concatenate([batch[f"images_{k + 1}"] for k in range(4)])
    expected = method.head(method.encoder({"images": together}, training=True)["embedding"])
    assert_close(method(batch, training=True), expected, SUM)


def test_pictures_that_look_alike_from_all_sides_cannot_be_told():
    method = method_of()
    batch = turned(np.full((2, SIZE, SIZE, 3), 0.3, "float32"))
    logits = np.asarray(method(batch)).reshape(4, 2, 4)
    assert_close(logits, np.broadcast_to(logits[:1], logits.shape), ROUNDING)
    assert float(loss_of(method, batch, training=False)) > np.log(4)
    assert float(method.get_metrics_result()["task_accuracy"]) == 0.25


def test_accuracy_on_held_out_pictures_is_that_of_its_guesses():
    data = RotatedCrops("builtin:photos", size=SIZE, batch_size=4)
    method = method_of()
    found = method.validate(data)
    hits = [
        np.argmax(method(batch), axis=-1) == np.repeat(np.arange(4), 4)
        for batch in data.batches().take(min(len(data), 64))
    ]
    assert found == {"task_accuracy": np.mean(hits), "chance_accuracy": 0.25}


def test_the_report_turns_pictures_back_by_the_turns_it_is_told(batch):
    method = method_of()
    found = method.undone(batch, np.asarray(method.labels(batch)), None)
    np.testing.assert_array_equal(found, batch["images_1"])
    wrong = method.undone(batch, (np.asarray(method.labels(batch)) + 1) % 4, None)
    np.testing.assert_array_equal(wrong, np.rot90(batch["images_1"], -1, axes=(1, 2)))


def test_the_report_has_a_row_as_the_method_tells_it_and_one_as_it_was():
    data = RotatedCrops("builtin:photos", size=SIZE, batch_size=3)
    ((_, caption, image),) = method_of().report_images(data)
    assert image.shape == (2 * SIZE, 3 * SIZE, 3)
    assert "%" in caption
