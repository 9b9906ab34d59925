"""Barlow Twins: the correlation of two views, feature by feature, is the identity."""

import keras

from mmssl.losses.barlow_twins import barlow_twins_loss
from mmssl.methods.barlow_twins import BarlowTwins
from mmssl.runs import read_recipe
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_VIEWS
from tests.tolerances import ROUNDING, SUM, assert_close

CASE = Case("vision/barlow_twins", (*TINY_VIEWS, "--method.projector=[16,8]"), **on_clothes(0.01))


def test_the_loss_is_that_of_its_projections(encoder, pairs):
    method = BarlowTwins(encoder, (8, 4), off_diagonal_weight=0.3)
    expected = barlow_twins_loss(*method(pairs), 0.3)
    assert_close(loss_of(method, pairs, training=False), expected, SUM)


def test_biases_and_norms_move_at_a_rate_of_their_own(encoder):
    method, rates = BarlowTwins(encoder, (8, 4), bias_lr_ratio=0.1), {}

    def make(variables, rate=1.0, constant=False):
        rates.update({v.path: rate for v in variables})
        optimizer = keras.optimizers.SGD(rate)
        optimizer.build(variables)
        return optimizer

    method.make_optimizers(make)
    assert len(rates) == len(method.trainable_variables)
    assert all((rate == 1.0) == path.endswith("kernel") for path, rate in rates.items())


def test_the_paper_recipe_moves_biases_as_the_official_code_does_whose_gradient_is_a_mean():
    # main.py there: --learning-rate-weights 0.2, --learning-rate-biases 0.0048, --weight-decay
    # 1e-6, and a gradient that DistributedDataParallel divides by the 16 GPUs of its README.
    config = read_recipe("vision/barlow_twins_paper")
    ratio = config["method"]["init_args"]["bias_lr_ratio"]
    assert_close(ratio, 0.0048 / 0.2 / 16, ROUNDING)
    assert_close(config["fit"]["weight_decay"], 16 * 1e-6, ROUNDING)
