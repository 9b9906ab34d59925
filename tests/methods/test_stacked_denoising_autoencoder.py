"""Stacked denoising autoencoders: which layer is trained on what, stage by stage."""

import keras
import numpy as np
import pytest

from mmssl.encoders import dense_encoder
from mmssl.methods.stacked_denoising_autoencoder import StackedDenoisingAutoencoder
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.methods.gray_pictures import gray_batch
from tests.tolerances import SUM, assert_close

SIZE, WIDTHS = 4, (8, 6)
CASE = Case(
    "vision/stacked_denoising_autoencoder",
    ("--data.batch_size=8", "--data.size=6", "--data.widths=[16,8]"),
    initial_loss=(36 * np.log(2), 1.5),
    least_loss=20.3,  # the entropy of the first batch's values
    **on_clothes(0.01),
)


def method_of(stage=1, activation="sigmoid", **options):
    keras.utils.set_random_seed(0)
    encoder = dense_encoder(SIZE, widths=WIDTHS, activation=activation)
    method = StackedDenoisingAutoencoder(encoder, (SIZE, SIZE, 1), stage, **options)
    method.compile(keras.optimizers.Adam(0.01))
    return method


@pytest.fixture
def batch():
    return gray_batch(3, SIZE, 1, 24)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def layers_of(method):
    return [[np.asarray(w, "float64") for w in x.get_weights()] for x in method.layers_up]


def up(values, layers):
    for kernel, bias in layers:
        values = sigmoid(values @ kernel + bias)
    return values


def cross_entropy(target, logits):
    z = sigmoid(logits)
    errors = -target * np.log(z) - (1 - target) * np.log(1 - z)
    return errors.reshape(len(target), -1).sum(axis=1).mean()


@pytest.mark.parametrize("stage", [1, 2])
def test_a_layer_reconstructs_the_clean_code_below_it_from_a_corrupted_one(stage, batch):
    method = method_of(stage, amounts=(0.4, 0.4))
    layers = layers_of(method)
    clean = up(batch["target"].reshape(3, -1), layers[: stage - 1])
    below = np.quantile(np.random.default_rng(1).normal(size=100000), 0.4)
    chosen = batch["noise"][:, 0, : clean.shape[1]] < below
    noisy = np.where(chosen, 0.0, clean)
    kernel, bias = layers[stage - 1]
    logits = sigmoid(noisy @ kernel + bias) @ kernel.T  # the biases of the way back begin at zero
    assert 0 < chosen.sum() < chosen.size
    assert_close(float(loss_of(method, batch)), cross_entropy(clean, logits), SUM)


def test_the_last_stage_goes_through_all_layers_and_back(batch):
    method = method_of(3, amounts=(0.0,))
    layers = layers_of(method)
    code = up(batch["target"].reshape(3, -1), layers)
    logits = sigmoid(code @ layers[1][0].T) @ layers[0][0].T
    expected = cross_entropy(batch["target"].reshape(3, -1), logits)
    assert_close(float(loss_of(method, batch)), expected, SUM)
    assert_close(method.reconstruct(batch).reshape(3, -1), sigmoid(logits), SUM)


@pytest.mark.parametrize(("stage", "trained"), [(1, [0]), (2, [1]), (3, [0, 1])])
def test_what_a_stage_does_not_train_stays_bit_by_bit(stage, trained, batch):
    method = method_of(stage)
    before = [x.get_weights() for x in method.layers_up]
    method.train_on_batch(batch)
    after = [x.get_weights() for x in method.layers_up]
    same = [
        all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
        for one, two in zip(before, after, strict=True)
    ]
    assert same == [number not in trained for number in range(2)]
    assert len(method.trainable_variables) == 3 * len(trained)  # weights, and a bias each way


def test_all_stages_have_the_same_weights_in_the_same_order(batch):
    names = [[(v.path, v.shape) for v in method_of(stage).weights] for stage in (1, 2, 3)]
    assert names[0] == names[1] == names[2]


def test_without_corruption_the_loss_is_a_plain_reconstruction(batch):
    one, other = method_of(amounts=(0.0,)), {**batch, "noise": batch["noise"][::-1]}
    assert float(loss_of(one, batch)) == float(loss_of(one, other))
    noisy = method_of(amounts=(0.5,))
    assert float(loss_of(noisy, batch)) != float(loss_of(noisy, other))


def test_the_stacked_code_is_the_one_that_is_deployed(batch):
    method = method_of(2)
    expected = up(batch["target"].reshape(3, -1), layers_of(method))
    embedding = method.encoder({"images": batch["images"]})["embedding"]
    assert_close(embedding, expected, SUM)


@pytest.mark.parametrize("corruption", ["salt_and_pepper", "gaussian"])
def test_other_corruptions_reach_the_layer(corruption, batch):
    method = method_of(corruption=corruption, amounts=(0.3,))
    assert float(loss_of(method, batch)) != float(loss_of(method_of(amounts=(0.0,)), batch))


def test_codes_that_may_leave_0_and_1_are_compared_by_squares(batch):
    method = method_of(2, activation="tanh", amounts=(0.0,))
    outputs = method(batch)
    gaps = np.asarray(outputs["outputs"]) - np.asarray(outputs["clean"])
    assert_close(float(loss_of(method, batch)), (gaps**2).sum() / 3, SUM)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="from 1 to 3"):
        method_of(4)
    with pytest.raises(ValueError, match="shares at most 1"):
        method_of(amounts=(1.5,))
    with pytest.raises(ValueError, match="corruption must be"):
        method_of(corruption="blur")
