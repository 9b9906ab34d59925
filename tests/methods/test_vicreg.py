"""VICReg: views alike, features that vary, and apart from one another."""

import numpy as np

from mmssl.methods.vicreg import VICReg
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_VIEWS
from tests.tolerances import SUM, assert_close

CASE = Case("vision/vicreg", (*TINY_VIEWS, "--method.projector=[16,8]"), **on_clothes(0.01))


def test_a_collapse_costs_what_the_missing_variance_does(encoder, pairs):
    method = VICReg(encoder, (8, 4))
    last = method.student.layers[-1].layers[-1]
    last.kernel.assign(np.zeros(last.kernel.shape))
    assert_close(loss_of(method, pairs, training=False), 25 * 0.99, SUM)


def test_the_weights_change_one_by_one(encoder):
    method = VICReg(encoder, (8, 4), loss_weights={"variance": 0.0})
    assert method.loss_weights == {"invariance": 25.0, "variance": 0.0, "covariance": 1.0}
