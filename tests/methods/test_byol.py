"""BYOL: a student predicts its teacher's projections, without negatives."""

import numpy as np

from mmssl.methods.byol import BYOL
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_VIEWS
from tests.methods.predicting import loss_for, tiny
from tests.tolerances import SUM, assert_close

CASE = Case(
    "vision/byol",
    (*TINY_VIEWS, "--method.projector=[16,32]", "--method.predictor=[16,32]"),
    initial_loss=(4.0, 1.5),  # an untrained prediction stands at right angles to its target
    **on_clothes(0.01),
)


def test_the_distance_is_0_for_equal_directions_and_8_for_opposite_ones(
    encoder, pairs, monkeypatch
):
    method = tiny(BYOL, encoder)
    one, other = np.eye(4, dtype="float32")[[0, 1]][:, None].repeat(8, axis=1)
    for prediction, expected in ((3 * one, 0.0), (other, 4.0), (-one, 8.0)):
        loss = loss_for(method, pairs, monkeypatch, [prediction] * 2, [one] * 2)
        assert_close(loss, expected, SUM, scale=8)
