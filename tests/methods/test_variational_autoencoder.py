"""Variational autoencoders: the bound, where its noise comes from, and what is deployed."""

import keras
import numpy as np
import pytest

from mmssl.encoders import (
    blocks,
    cut,
    dense_encoder,
    small_conv_encoder,
    spectrogram_encoder,
    table_encoder,
)
from mmssl.methods.variational_autoencoder import VariationalAutoencoder
from mmssl.pipelines.images import LatentCrops
from mmssl.pipelines.tables import LatentRows
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.tolerances import NETWORK, SUM, assert_close

SIZE = 8
CASE = Case(
    "vision/variational_autoencoder",
    (
        "--data.batch_size=8",
        "--data.size=8",
        "--data.latents=4",
        "--method.encoder.channels=[8,8]",
        "--method.encoder.strides=[2,1]",
        "--method.decoder_widths=[8]",
    ),
    initial_loss=(64 * np.log(2), 3.0),  # and what a code of random weights costs
    least_loss=35.9,  # the entropy of the first batch's values
    **on_clothes(0.01),
)
CASES = {
    "tables": Case(
        "tables/variational_autoencoder",
        (
            "--data.batch_size=8",
            "--data.latents=4",
            "--method.encoder.widths=[16,16]",
            "--method.decoder_widths=[16]",
        ),
    ),
}


def method_of(encoder=None, **options):
    keras.utils.set_random_seed(0)
    encoder = encoder or dense_encoder(SIZE, widths=(16,), activation="tanh")
    sizes = {"target_shape": (SIZE, SIZE, 1), "latents": 4}
    return VariationalAutoencoder(encoder, **{**sizes, **options})


def batch_of(rows=3):
    draw = np.random.default_rng(0)
    target = (draw.uniform(size=(rows, SIZE, SIZE, 1)) < 0.3).astype("float32")
    noise = draw.normal(size=(rows, 4)).astype("float32")
    return {"images": np.repeat(target, 3, axis=-1), "target": target, "noise": noise}


def formula(method, batch, beta=1.0, free_bits=0.0):
    """The loss of the paper, in float64 from the outputs of its networks."""
    features = method.encoder({"images": batch["images"]})["features"]
    mean = np.asarray(method.mean(features), "float64")
    log_variance = np.asarray(method.log_variance(features), "float64")
    z = mean + np.exp(log_variance / 2) * batch["noise"]
    logits = np.asarray(method.decoder(z.astype("float32")), "float64")
    likelihood = np.where(batch["target"] == 1, logits, -logits)
    nats = np.log1p(np.exp(-likelihood)).sum(axis=(1, 2, 3)).mean()
    divergences = -0.5 * (1 + log_variance - mean**2 - np.exp(log_variance))
    return nats + beta * np.maximum(divergences.mean(axis=0), free_bits).sum()


@pytest.mark.parametrize("beta", [1.0, 4.0])
def test_the_loss_is_the_bound_with_values_and_latents_summed(beta):
    method, batch = method_of(beta=beta), batch_of()
    assert_close(float(loss_of(method, batch)), formula(method, batch, beta), SUM)


def test_rows_of_a_table_are_sampled_and_shown():
    data = LatentRows(batch_size=8, latents=4).prepare()
    encoder = table_encoder(**data.encoder_arguments(), widths=(16,))
    method = method_of(encoder, **data.method_arguments(), error="squared")
    shown = method.report_images(data.on(data.items.select(range(12))))
    height = 4 * data.schema.width
    assert [image.shape for _, _, image in shown] == [
        (2 * height, 12 * 16, 3),
        (3 * height, 12 * 16, 3),
        (3 * height, 12 * 16, 3),
    ]


def test_a_latent_below_its_free_bits_costs_them_all_the_same():
    method, batch = method_of(free_bits=0.5), batch_of()
    assert_close(float(loss_of(method, batch)), formula(method, batch, free_bits=0.5), SUM)
    assert not method.splits_batches
    assert method_of().splits_batches


def test_logits_of_zero_cost_ln_2_a_value_and_a_standard_code_nothing():
    method, batch = method_of(), batch_of()
    for network in (method.mean, method.log_variance, method.decoder):
        network.set_weights([0 * w for w in network.get_weights()])
    assert_close(float(loss_of(method, batch)), SIZE * SIZE * np.log(2), SUM)


def test_the_squared_error_is_a_normal_density():
    method, batch = method_of(error="squared", deviation=0.5), batch_of()
    outputs = method(batch)
    gaps = np.asarray(outputs["outputs"], "float64") - batch["target"]
    densities = -(gaps**2) / (2 * 0.25) - 0.5 * np.log(2 * np.pi * 0.25)
    assert_close(method.errors(batch, outputs), -densities.sum(axis=(1, 2, 3)), SUM)


def test_all_noise_comes_from_the_batch():
    method, batch = method_of(), batch_of()
    assert float(loss_of(method, batch)) == float(loss_of(method, batch))
    other = {**batch, "noise": batch["noise"] + 1}
    assert float(loss_of(method, batch)) != float(loss_of(method, other))


def test_what_is_deployed_gives_the_mean_and_not_a_sample(tmp_path):
    encoder = small_conv_encoder(SIZE, (8, 4), (2, 1))
    method, batch = method_of(encoder, decoder_widths=(8,)), batch_of()
    deployed = method.export_encoder()
    deployed.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    found = loaded({"images": batch["images"]})["embedding"]
    np.testing.assert_array_equal(found, method(batch)["mean"])
    assert blocks(loaded) == ["block_1", "block_2"]
    first = cut(loaded, "block_1")({"images": batch["images"]})
    expected = np.asarray(first["features"]).mean(axis=(1, 2))
    assert_close(first["embedding"], expected, SUM)


def test_the_bound_on_held_out_pictures_leaves_beta_and_free_bits_out():
    data = LatentCrops("builtin:photos", size=SIZE, batch_size=4, latents=4, binarize=True)
    data.prepare()
    method, few = method_of(beta=7.0, free_bits=2.0), data.on(data.items.select(range(5)))
    figures = method.validate(few)
    [batch] = few.fixed_elements(few.source).as_numpy_iterator()
    assert_close(figures["bound"], formula(method, batch), NETWORK)
    assert 0 < figures["divergence"] < figures["bound"]


def test_the_pictures_are_reconstructions_samples_and_ways_between_two():
    data = LatentCrops("builtin:photos", size=SIZE, batch_size=4, latents=4).prepare()
    method, few = method_of(), data.on(data.items.select(range(4)))
    drawn = {title: picture for title, _, picture in method.report_images(few)}
    assert drawn["Samples"].shape == (3 * SIZE, 12 * SIZE, 3)
    [batch] = few.fixed_elements(few.source).as_numpy_iterator()
    ends = method.sample(np.asarray(method(batch)["mean"])[:2])
    row = drawn["Interpolations"][:SIZE]
    for picture, expected in ((row[:, :SIZE], ends[0]), (row[:, -SIZE:], ends[1])):
        np.testing.assert_array_equal(picture[..., :1], np.rint(expected * 255))


def test_what_does_not_fit_is_refused():
    for wrong in ({"deviation": 0.0}, {"beta": -1.0}, {"free_bits": -1.0}, {"latents": 0}):
        with pytest.raises(ValueError, match="latents from 1"):
            method_of(**wrong)
    with pytest.raises(ValueError, match="fixed size"):
        method_of(spectrogram_encoder(8000, 16, channels=(4,)), target_shape=(4, 16))
