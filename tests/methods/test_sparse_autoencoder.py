"""Sparse autoencoders: how rarely units are to be active, and over which examples that counts."""

import keras
import numpy as np
import pytest

from mmssl.encoders import dense_encoder, small_conv_encoder
from mmssl.methods.sparse_autoencoder import SparseAutoencoder
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.tolerances import SUM, assert_close

SIZE = 8
CASE = Case(
    "vision/sparse_autoencoder",
    ("--data.batch_size=8", "--data.size=8", "--method.encoder.widths=[16]"),
    **on_clothes(0.01),
)
CASES = {
    "tables": Case(
        "tables/sparse_autoencoder",
        ("--data.batch_size=8", "--method.encoder.widths=[16]"),
    ),
}


def method_of(encoder=None, **options):
    keras.utils.set_random_seed(0)
    encoder = encoder or dense_encoder(SIZE, widths=(16,))
    return SparseAutoencoder(encoder, **{"target_shape": (SIZE, SIZE, 1), **options})


@pytest.fixture
def batch():
    target = np.random.default_rng(0).uniform(size=(4, SIZE, SIZE, 1)).astype("float32")
    return {"images": np.repeat(target, 3, axis=-1), "target": target}


def parts(method, batch):
    outputs = method(batch)
    reconstruction = ((np.asarray(outputs["outputs"]) - batch["target"]) ** 2).sum() / 4
    return reconstruction, np.asarray(outputs["embedding"], "float64")


def test_the_loss_adds_the_divergence_of_the_mean_activations(batch):
    method = method_of(sparsity_weight=3.0, target_activation=0.05)
    reconstruction, code = parts(method, batch)
    q = code.mean(axis=0)
    divergence = (0.05 * np.log(0.05 / q) + 0.95 * np.log(0.95 / (1 - q))).sum()
    assert_close(float(loss_of(method, batch)), reconstruction + 3 * divergence, SUM)
    assert_close(method.get_metrics_result()["mean_activation"], code.mean(), SUM)


def test_the_other_penalty_is_the_sum_of_the_activations(batch):
    encoder = small_conv_encoder(SIZE, (8,), (2,))
    method = method_of(encoder, penalty="l1", sparsity_weight=0.5)
    reconstruction, code = parts(method, batch)
    expected = reconstruction + 0.5 * np.abs(code).sum(axis=1).mean()
    assert_close(float(loss_of(method, batch, training=False)), expected, SUM)


def test_only_a_penalty_of_each_example_lets_a_batch_be_split():
    assert not method_of().splits_batches
    assert method_of(penalty="l1").splits_batches


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        method_of(small_conv_encoder(SIZE, (8,), (2,)))
    with pytest.raises(ValueError, match="between 0 and 1"):
        method_of(dense_encoder(SIZE, activation="tanh"))
    with pytest.raises(ValueError, match="target_activation"):
        method_of(target_activation=1.0)
    with pytest.raises(ValueError, match="penalty must be"):
        method_of(penalty="none")
