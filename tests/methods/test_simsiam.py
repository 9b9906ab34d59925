"""SimSiam: a view predicts the other, which gets no gradient."""

import keras
import numpy as np
import tensorflow as tf

from mmssl.methods.simsiam import SimSiam
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_VIEWS
from tests.tolerances import SUM, assert_close

CASE = Case(
    "vision/simsiam",
    (*TINY_VIEWS, "--method.projector=[16,32]", "--method.predictor=[16,32]"),
    initial_loss=(0.0, 0.4),
    least_loss=-1.0,
    **on_clothes(0.01),
)


def test_equal_directions_cost_minus_one_and_at_right_angles_nothing(encoder, pairs):
    method = SimSiam(encoder, (8, 4), (8, 4))
    one, other = np.eye(4, dtype="float32")[[0, 1]][:, None].repeat(8, axis=1)
    for predictions, expected in ((one, -1.0), (other, 0.0), (-one, 1.0)):
        outputs = {"predictions": [predictions] * 2, "projections": [one] * 2}
        terms = method.loss_terms(pairs, outputs, training=True)
        assert_close(terms["negative_cosine"], expected, SUM, scale=1)


def test_targets_get_no_gradient(encoder, pairs):
    method = SimSiam(encoder, (8, 4), (8, 4))
    projections = [tf.Variable(z) for z in method(pairs)["projections"]]
    predictions = [tf.Variable(p) for p in method(pairs)["predictions"]]
    with tf.GradientTape() as tape:
        outputs = {"projections": projections, "predictions": predictions}
        loss = method.loss_terms(pairs, outputs, training=True)["negative_cosine"]
    assert tape.gradient(loss, projections + predictions)[:2] == [None, None]


def test_the_predictor_alone_keeps_its_learning_rate(encoder):
    method, made = SimSiam(encoder, (8, 4), (8, 4)), []

    def make(variables, rate=1.0, constant=False):
        made.append(([v.path for v in variables], constant))
        optimizer = keras.optimizers.SGD(0.1)
        optimizer.build(variables)
        return optimizer

    method.compile(**method.make_optimizers(make))
    predicting = [v.path for v in method.predictor.trainable_variables]
    (others, first), (theirs, second) = made
    assert (first, second) == (False, True)
    assert theirs == predicting
    assert sorted(others + theirs) == sorted(v.path for v in method.trainable_variables)
