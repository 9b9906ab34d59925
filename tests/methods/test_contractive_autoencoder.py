"""Contractive autoencoders: the norm of the Jacobian, exact and estimated."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import dense_encoder, small_conv_encoder, spectrogram_encoder
from mmssl.methods.contractive_autoencoder import ContractiveAutoencoder
from mmssl.pipelines.images import NoiseBeside
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.methods.gray_pictures import gray_batch
from tests.tolerances import NETWORK, STANDARD_ERRORS, SUM, assert_close

SIZE = 4
SIZES = ("--data.batch_size=8", "--data.size=8")
CASE = Case(
    "vision/contractive_autoencoder",
    (*SIZES, "--method.encoder.widths=[16]"),
    initial_loss=(64 * np.log(2), 4.0),  # and what random weights predict and contract
    least_loss=35.9,  # the entropy of the first batch's values
    **on_clothes(0.01),
)


def method_of(encoder=None, **options):
    keras.utils.set_random_seed(0)
    encoder = encoder or dense_encoder(SIZE, widths=(6,))
    return ContractiveAutoencoder(encoder, **{"target_shape": (SIZE, SIZE, 1), **options})


@pytest.fixture
def batch():
    return gray_batch(3, SIZE, SIZE, SIZE, 1)


def jacobian_norms(encoder, target):
    """The squared norm of each example's Jacobian, by automatic differentiation."""
    values = tf.constant(target)
    with tf.GradientTape() as tape:
        tape.watch(values)
        codes = encoder({"images": tf.repeat(values, 3, axis=-1)})["embedding"]
    jacobian = tape.batch_jacobian(codes, values)
    return tf.reduce_sum(jacobian**2, axis=(1, 2, 3, 4)).numpy()


def test_the_penalty_of_a_sigmoid_layer_is_the_norm_of_its_jacobian(batch):
    method = method_of(contraction_weight=0.3)
    norms = jacobian_norms(method.encoder, batch["target"])
    assert_close(method.contractions(method(batch)), norms, NETWORK)
    reconstruction = float(loss_of(method_of(contraction_weight=0.0), batch))
    assert_close(float(loss_of(method, batch)), reconstruction + 0.3 * norms.mean(), SUM)


def test_the_penalty_of_a_deep_encoder_is_that_norm_in_the_mean_over_directions(batch):
    encoder = dense_encoder(SIZE, widths=(12, 6), activation="tanh")
    method = method_of(encoder, sigma=0.01)
    rows = {name: np.repeat(x[:1], 4000, axis=0) for name, x in batch.items()}
    noise = np.random.default_rng(1).normal(size=rows["noise"].shape).astype("float32")
    found = np.asarray(method.contractions(method({**rows, "noise": noise})), "float64")
    [expected] = jacobian_norms(encoder, batch["target"][:1])
    error = found.std() / np.sqrt(len(found))
    assert abs(found.mean() - expected) < STANDARD_ERRORS * error


def test_gray_noise_moves_all_channels_alike(batch):
    method = method_of(dense_encoder(SIZE, widths=(12, 6)), sigma=0.5)
    moved = batch["images"] + 0.5 * np.repeat(batch["noise"], 3, axis=-1)
    expected = method.encoder({"images": moved})["embedding"]
    assert_close(method(batch)["near"], expected, SUM)


def test_a_step_of_a_deep_encoder_is_a_function_of_its_batch():
    data = NoiseBeside("builtin:photos", size=8, batch_size=4).prepare()
    method = method_of(small_conv_encoder(8, (4,), (2,)), tied=False, target_shape=(8, 8, 1))
    [batch] = data.batches().take(1)
    assert float(loss_of(method, batch)) == float(loss_of(method, batch))
    figures = method.validate(data.on(data.items.select(range(3))))
    assert figures["contraction"] > 0


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="one input"):
        method_of(spectrogram_encoder(8000, 16, channels=(4,)), tied=False)
    for wrong in ({"sigma": 0.0}, {"contraction_weight": -1.0}):
        with pytest.raises(ValueError, match="sigma above 0"):
            method_of(**wrong)
