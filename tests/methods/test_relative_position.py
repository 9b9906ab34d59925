"""Relative position: where around the first patch the second one was."""

import keras
import numpy as np
import pytest

from mmssl.encoders import conv_encoder
from mmssl.methods.relative_position import RelativePosition
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.tolerances import ROUNDING, SUM, assert_close

CASE = Case(
    "vision/relative_position",
    (
        "--data.batch_size=8",
        "--data.size=24",
        "--data.patch_size=6",
        "--data.gap=2",
        "--data.jitter=1",
        "--method.encoder.channels=[8,16]",
        "--method.encoder.depths=[1,1]",
        "--method.encoder.strides=[2,1]",
        "--method.encoder.dilations=[1,1]",
        "--method.hidden=[16]",
        "--probe.layer=null",
    ),
    # The classifier begins at zero: no more than rounding is allowed.
    initial_loss=(np.log(8), 0.00001),
)


def method_of(hidden=(8,), size=24):
    keras.utils.set_random_seed(0)
    ones = (1, 1)
    encoder = conv_encoder(size, (4, 8), ones, (2, 1), ones, gray=False)
    method = RelativePosition(encoder, hidden=hidden)
    kernel = method.head.get_layer("logits").kernel
    kernel.assign(np.random.default_rng(0).normal(size=kernel.shape))
    return method


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    first, second = rng.random((2, 5, 6, 6, 3), "float32")
    return {"images_1": first, "images_2": second, "position": np.int32([0, 3, 4, 6, 7])}


def swapped(batch):
    return {
        "images_1": batch["images_2"],
        "images_2": batch["images_1"],
        "position": 7 - batch["position"],
    }


def test_the_other_way_round_a_pair_has_the_opposite_place(batch):
    labels = np.asarray(method_of().labels(batch))
    np.testing.assert_array_equal(labels, [0, 3, 4, 6, 7, 7, 4, 3, 1, 0])


def test_both_patches_have_one_encoder_and_the_order_of_a_pair_changes_nothing(batch):
    method = method_of()
    there, back = np.asarray(method(batch)), np.asarray(method(swapped(batch)))
    assert_close(back, np.roll(there, 5, axis=0), ROUNDING)
    losses = [float(loss_of(method, pairs, training=False)) for pairs in (batch, swapped(batch))]
    assert_close(*losses, SUM)


def test_the_head_sees_the_first_patch_first(batch):
    method = method_of(hidden=())
    small = conv_encoder(6, (4, 8), (1, 1), (2, 1), (1, 1), gray=False)
    small.set_weights(method.encoder.get_weights())
    first, second = (small({"images": batch[f"images_{k}"]})["embedding"] for k in (1, 2))
    expected = method.head(np.concatenate([first, second], axis=-1))
    assert_close(np.asarray(method(batch))[:5], expected, SUM)


def test_a_patch_is_embedded_without_a_look_at_the_other(batch):
    method = method_of()
    other = {**batch, "images_2": 1 - batch["images_2"]}
    (first, _), (again, _) = method.embed(batch), method.embed(other)
    np.testing.assert_array_equal(first, again)


def test_the_loss_is_the_cross_entropy_of_the_place(batch):
    method = method_of()
    logits, labels = np.asarray(method(batch), "float64"), np.asarray(method.labels(batch))
    expected = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(10), labels]
    assert_close(float(loss_of(method, batch, training=False)), expected.mean(), SUM)


def test_the_encoder_that_is_kept_takes_whole_pictures(batch):
    method = method_of()
    assert method.export_encoder().input["images"].shape == (None, 24, 24, 3)


def test_a_head_of_no_width_is_refused():
    with pytest.raises(ValueError, match=r"hidden=\(0,\) must be widths of 1 or more"):
        method_of(hidden=(0,))


def test_the_report_puts_the_second_patch_around_the_first_where_it_is_told(batch):
    told = np.arange(10) % 8
    pictures = method_of().undone(batch, told, None)
    corners = [(0, 0), (0, 6), (0, 12), (6, 0), (6, 12), (12, 0), (12, 6), (12, 12)]
    for picture, place, first, second in zip(
        pictures, told[:5], batch["images_1"], batch["images_2"], strict=True
    ):
        top, left = corners[place]
        np.testing.assert_array_equal(picture[6:12, 6:12], first)
        np.testing.assert_array_equal(picture[top : top + 6, left : left + 6], second)
        assert np.mean(picture == 0.5) > 0.7
