"""SimCLR, Barlow Twins, VICReg, SimSiam, and what all methods of views have in common."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.losses import barlow_twins_loss, nt_xent
from mmssl.methods import BYOL, BarlowTwins, MoCo, MoCoV3, SimCLR, SimSiam, VICReg
from tests.tolerances import SUM, assert_close

METHODS = {
    "simclr": lambda encoder: SimCLR(encoder, (8, 4)),
    "moco": lambda encoder: MoCo(encoder, (8, 4), queue_size=16),
    "moco_v3": lambda encoder: MoCoV3(encoder, (8, 4), (8, 4)),
    "byol": lambda encoder: BYOL(encoder, (8, 4), (8, 4)),
    "simsiam": lambda encoder: SimSiam(encoder, (8, 4), (8, 4)),
    "barlow_twins": lambda encoder: BarlowTwins(encoder, (8, 4)),
    "vicreg": lambda encoder: VICReg(encoder, (8, 4)),
}


def loss_of(method, batch, training=False):
    outputs = method(batch, training=training)
    return float(method.compute_loss(x=batch, y_pred=outputs, training=training))


def swapped(pairs):
    return {"vectors_1": pairs["vectors_2"], "vectors_2": pairs["vectors_1"]}


@pytest.mark.parametrize("name", [name for name in METHODS if name != "moco"])
def test_views_are_interchangeable(name, encoder, pairs):
    method = METHODS[name](encoder)
    assert_close(loss_of(method, pairs), loss_of(method, swapped(pairs)), SUM)


@pytest.mark.parametrize("name", METHODS)
def test_projections_are_offered_to_who_watches_for_collapse(name, encoder, pairs):
    method = METHODS[name](encoder)
    compared = method.compared()
    assert set(compared.input) == set(encoder.input)
    assert compared({"vectors": pairs["vectors_1"]})["embedding"].shape == (8, 4)


def test_simclr_normalises_both_views_together(encoder, pairs):
    method = METHODS["simclr"](encoder)
    first, second = method(pairs, training=True)
    both = np.concatenate([pairs["vectors_1"], pairs["vectors_2"]])
    expected = method.student({"vectors": both}, training=True)["projection"]
    assert_close(np.concatenate([first, second]), expected, SUM)


def test_simclrs_loss_is_the_papers_mean(encoder, pairs):
    method = SimCLR(encoder, (8, 4), temperature=0.5)
    assert_close(loss_of(method, pairs), float(nt_xent(*method(pairs), 0.5)), SUM)


def test_simsiam_of_equal_directions_is_minus_one_and_at_right_angles_zero(encoder, pairs):
    method = METHODS["simsiam"](encoder)
    one, other = np.eye(4, dtype="float32")[[0, 1]][:, None].repeat(8, axis=1)
    for predictions, expected in ((one, -1.0), (other, 0.0), (-one, 1.0)):
        outputs = {"predictions": [predictions] * 2, "projections": [one] * 2}
        terms = method.loss_terms(pairs, outputs, training=True)
        assert_close(terms["negative_cosine"], expected, SUM)


def test_simsiams_targets_get_no_gradient(encoder, pairs):
    method = METHODS["simsiam"](encoder)
    projections = [tf.Variable(z) for z in method(pairs)["projections"]]
    predictions = [tf.Variable(p) for p in method(pairs)["predictions"]]
    with tf.GradientTape() as tape:
        outputs = {"projections": projections, "predictions": predictions}
        loss = method.loss_terms(pairs, outputs, training=True)["negative_cosine"]
    assert tape.gradient(loss, projections + predictions)[:2] == [None, None]


def test_simsiams_predictor_alone_keeps_its_learning_rate(encoder):
    method, made = METHODS["simsiam"](encoder), []

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


def test_barlow_twins_loss_is_that_of_its_projections(encoder, pairs):
    method = BarlowTwins(encoder, (8, 4), off_diagonal_weight=0.3)
    expected = barlow_twins_loss(*method(pairs), 0.3)
    assert_close(loss_of(method, pairs), float(expected), SUM)


def test_barlow_twins_moves_biases_and_norms_at_a_rate_of_their_own(encoder):
    method, rates = BarlowTwins(encoder, (8, 4), bias_rate=0.1), {}

    def make(variables, rate=1.0, constant=False):
        rates.update({v.path: rate for v in variables})
        optimizer = keras.optimizers.SGD(rate)
        optimizer.build(variables)
        return optimizer

    method.make_optimizers(make)
    assert len(rates) == len(method.trainable_variables)
    assert all((rate == 1.0) == path.endswith("kernel") for path, rate in rates.items())


def test_vicreg_of_a_collapse_costs_what_the_missing_variance_does(encoder, pairs):
    method = METHODS["vicreg"](encoder)
    last = method.student.layers[-1].layers[-1]
    last.kernel.assign(np.zeros(last.kernel.shape))
    assert_close(loss_of(method, pairs), 25 * 0.99, SUM)


def test_vicregs_weights_change_one_by_one(encoder):
    method = VICReg(encoder, (8, 4), loss_weights={"variance": 0.0})
    assert method.loss_weights == {"invariance": 25.0, "variance": 0.0, "covariance": 1.0}


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda e: SimCLR(e, (8, 4), temperature=0), "temperature is above 0; got 0"),
        (lambda e: BYOL(e, (8, 4), (8, 5)), r"predictor \(8, 5\) must end .* projector \(8, 4\)"),
        (lambda e: SimSiam(e, (8, 4), ()), r"predictor \(\) must end in the width"),
        (lambda e: BarlowTwins(e, (8, 4), -1), "off_diagonal_weight=...\\) is 0 or more; got -1"),
        (lambda e: BarlowTwins(e, (8, 4), bias_rate=0), "bias_rate is above 0; got 0"),
        (lambda e: VICReg(e, (8, 4), loss_weights={"a": 1}), "loss_weights names a"),
        (lambda e: MoCoV3(e, (8, 4), (8, 4), freeze_tokens=True), "a layer named tokens"),
    ],
)
def test_arguments_out_of_range_are_refused(build, message, encoder):
    with pytest.raises(ValueError, match=message):
        build(encoder)
