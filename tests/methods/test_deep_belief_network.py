"""Deep belief networks: machines on top of each other, one after the other."""

import keras
import numpy as np
import pytest

from mmssl.encoders import dense_encoder
from mmssl.methods.deep_belief_network import DeepBeliefNetwork
from mmssl.methods.rbm import RBM
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.methods.gray_pictures import gray_batch
from tests.tolerances import SUM, assert_close

SIZE, WIDTHS = 4, (8, 6)
CASE = Case(
    "vision/deep_belief_network",
    ("--data.batch_size=8", "--data.size=6", "--data.widths=[16,8]"),
    initial_loss=(0.0, 2.0),
    overfit=None,  # at the fixed point of contrastive divergence it is zero in the mean
    **on_clothes(0.01),
)


def method_of(stage=1, widths=WIDTHS):
    keras.utils.set_random_seed(0)
    encoder = dense_encoder(SIZE, widths=widths)
    method = DeepBeliefNetwork(encoder, stage, target_shape=(SIZE, SIZE, 1))
    method.compile(keras.optimizers.SGD(0.1))
    return method


@pytest.fixture
def batch():
    return gray_batch(5, SIZE, 1, 24)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_first_machine_is_that_of_an_rbm(batch):
    keras.utils.set_random_seed(0)
    alone = RBM(dense_encoder(SIZE, widths=WIDTHS[:1]), target_shape=(SIZE, SIZE, 1))
    method = method_of()
    for one, other in zip(alone.parameters(), method.parameters(), strict=True):
        one.assign(other)
    assert float(loss_of(method, batch)) == float(loss_of(alone, batch))


def test_the_second_machine_sees_the_probabilities_of_the_first(batch):
    method = method_of(2)
    kernel, bias = (np.asarray(w, "float64") for w in method.layers_up[0].get_weights())
    expected = sigmoid(batch["target"].reshape(5, -1) @ kernel + bias)
    assert_close(method(batch)["visible"], expected, SUM)


@pytest.mark.parametrize(("stage", "trained"), [(1, [True, False]), (2, [False, True])])
def test_one_machine_learns_and_the_other_stays_bit_by_bit(stage, trained, batch):
    method = method_of(stage)
    machines = [
        [*layer.weights, bias]
        for layer, bias in zip(method.layers_up, method.visible_biases, strict=True)
    ]
    before = [[v.numpy() for v in machine] for machine in machines]
    method.train_on_batch(batch)
    moved = [
        [not np.array_equal(v, w) for v, w in zip(machine, old, strict=True)]
        for machine, old in zip(machines, before, strict=True)
    ]
    assert moved == [[x] * 3 for x in trained]


def test_what_goes_up_comes_down_by_the_same_weights(batch):
    method = method_of(2)
    draw = np.random.default_rng(1)
    for variable in [*method.visible_biases, *(v for x in method.layers_up for v in x.weights)]:
        variable.assign(draw.normal(size=variable.shape))
    (w1, c1), (w2, c2) = (
        [np.asarray(w, "float64") for w in layer.get_weights()] for layer in method.layers_up
    )
    b1, b2 = (np.asarray(b, "float64") for b in method.visible_biases)
    top = sigmoid(sigmoid(batch["target"].reshape(5, -1) @ w1 + c1) @ w2 + c2)
    expected = sigmoid(b1 + sigmoid(b2 + top @ w2.T) @ w1.T)
    assert_close(method.reconstruct(batch).reshape(5, -1), expected, SUM)


def test_a_stage_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="from 1 to 2"):
        method_of(3)
