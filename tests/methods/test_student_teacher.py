"""BYOL and MoCo v3: a student that predicts its teacher's projections."""

import keras
import numpy as np
import pytest

from mmssl.encoders import vit_encoder
from mmssl.methods import BYOL, MoCoV3
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close, multiples


def tiny(cls, encoder, **kwargs):
    method = cls(encoder, (8, 4), (8, 4), **{"final_momentum": None, **kwargs})
    method.compile(keras.optimizers.SGD(0.5))
    return method


def loss_for(method, pairs, monkeypatch, outputs, targets):
    monkeypatch.setattr(method, "targets", lambda batch, training: targets)
    (loss,) = method.loss_terms(pairs, outputs, training=True).values()
    return float(loss)


def test_byols_distance_is_0_for_equal_directions_and_8_for_opposite_ones(
    encoder, pairs, monkeypatch
):
    method = tiny(BYOL, encoder)
    one, other = np.eye(4, dtype="float32")[[0, 1]][:, None].repeat(8, axis=1)
    for prediction, expected in ((3 * one, 0.0), (other, 4.0), (-one, 8.0)):
        loss = loss_for(method, pairs, monkeypatch, [prediction] * 2, [one] * 2)
        assert_close(loss, expected, SUM, scale=8)


@pytest.mark.parametrize("temperature", [0.2, 1.0])
def test_moco_v3_of_equal_scores_costs_4_temperatures_of_the_logarithm(
    temperature, encoder, pairs, monkeypatch
):
    method = tiny(MoCoV3, encoder, temperature=temperature)
    equal = np.ones((8, 4), "float32")
    loss = loss_for(method, pairs, monkeypatch, [equal] * 2, [equal] * 2)
    assert_close(loss, 4 * temperature * np.log(8), SUM)


def test_each_view_predicts_the_others_projection(encoder, pairs, monkeypatch):
    method = tiny(BYOL, encoder)
    one, other = np.eye(4, dtype="float32")[[0, 1]][:, None].repeat(8, axis=1)
    crossed = loss_for(method, pairs, monkeypatch, [one, other], [other, one])
    assert_close(crossed, 0, SUM, scale=4)
    assert_close(loss_for(method, pairs, monkeypatch, [one, other], [one, other]), 4, SUM)


def test_the_momentum_rises_to_one_over_the_steps_of_the_run(encoder):
    method = tiny(BYOL, encoder, momentum=0.996, final_momentum=1.0)
    assert_close(method.teacher.current_momentum(), 0.996, ROUNDING)
    method.plan(100)
    found = []
    for updates in (1, 51, 101):  # the first finds two equal networks, and does not count
        method.teacher.updates.assign(updates)
        found.append(float(method.teacher.current_momentum()))
    assert_close(found, [0.996, 0.998, 1.0], ROUNDING)


def test_the_teacher_normalises_by_its_batch_while_training(encoder, pairs):
    method = tiny(BYOL, encoder)
    half = {name: x[:4] for name, x in pairs.items()}
    for training, depends in ((True, True), (False, False)):
        whole = method.targets(pairs, training)[0][:4]
        alone = method.targets(half, training)[0]
        assert (multiples(alone, whole) > NETWORK) == depends


def test_frozen_patches_stay_as_they_were_drawn():
    keras.utils.set_random_seed(0)
    encoder = vit_encoder(8, 4, width=8, depth=1, heads=2, feed_forward=16, pool="token")
    method = tiny(MoCoV3, encoder, freeze_tokens=True)
    before = encoder.get_layer("patches").get_weights()
    draw = np.random.default_rng(0).random((2, 4, 8, 8, 3)).astype("float32")
    others = method.trainable_variables[0].numpy()
    for _ in range(2):
        method.train_on_batch({"images_1": draw[0], "images_2": draw[1]})
    for one, two in zip(before, encoder.get_layer("patches").get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert np.abs(method.trainable_variables[0].numpy() - others).max() > 0
    config = encoder.get_layer("patches").get_config()
    assert config["trainable"], "a later fine-tuning trains them again"
