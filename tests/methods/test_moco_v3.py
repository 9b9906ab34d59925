"""MoCo v3: contrast with a teacher's keys of the same batch."""

import keras
import numpy as np
import pytest

from mmssl.encoders import vit_encoder
from mmssl.methods.moco_v3 import MoCoV3
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_VIEWS
from tests.methods.predicting import loss_for, tiny
from tests.tolerances import SUM, assert_close

CASE = Case(
    "vision/moco_v3",
    (*TINY_VIEWS, "--method.projector=[16,8]", "--method.predictor=[16,8]"),
    initial_loss=(4 * 10 * np.log(8), 4.0),
    theory=("--method.temperature=10",),
    **on_clothes(0.01),
)


@pytest.mark.parametrize("temperature", [0.2, 1.0])
def test_equal_scores_cost_4_temperatures_of_the_logarithm(
    temperature, encoder, pairs, monkeypatch
):
    method = tiny(MoCoV3, encoder, temperature=temperature)
    equal = np.ones((8, 4), "float32")
    loss = loss_for(method, pairs, monkeypatch, [equal] * 2, [equal] * 2)
    assert_close(loss, 4 * temperature * np.log(8), SUM)


def test_frozen_patches_stay_as_they_were_drawn():
    keras.utils.set_random_seed(0)
    encoder = vit_encoder(8, 4, width=8, depth=1, num_heads=2, mlp_dim=16, pool="token")
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
