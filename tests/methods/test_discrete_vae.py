"""DALL-E's discrete VAE: the loss, its schedules, codes and back."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import dense_encoder, discrete_vae_encoder
from mmssl.losses.logit_laplace import logit_laplace_nats
from mmssl.methods.discrete_vae import DiscreteVAE
from mmssl.pipelines.images import TargetCrops
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.tolerances import SUM, assert_close

SIZES = {"decoder_width": 4, "decoder_levels": 2, "decoder_units": 1}
CASE = Case(
    "vision/discrete_vae",
    (
        *("--data.batch_size=4", "--data.size=8"),
        *("--method.entries=8", "--method.entry_width=4"),
        *("--method.encoder.width=4", "--method.encoder.levels=2"),
        *(f"--method.{name}={size}" for name, size in SIZES.items()),
    ),
    # The density of scales of half a gray level, from which the first ones are far.
    least_loss=np.log(2) - 5 + np.log(0.25),
    overfit=0.98,
    **on_clothes(0.01),
)


def method_of(**options):
    keras.utils.set_random_seed(0)
    encoder = discrete_vae_encoder(8, 4, 2, 1)
    given = {"target_shape": (8, 8, 3), "entries": 6, "entry_width": 4, **SIZES, **options}
    return DiscreteVAE(encoder, **given)


@pytest.fixture
def batch():
    target = np.random.default_rng(0).uniform(size=(4, 8, 8, 3)).astype("float32")
    return {"images": target, "target": target}


def test_the_loss_is_the_formula(batch):
    method = method_of(divergence=6.6, divergence_steps=4)
    method.quantizer.steps.assign(1)
    outputs = method(batch, training=True)
    logits = np.asarray(method.head(method.encode(batch)["features"]), "float64")
    q = np.exp(logits - logits.max(axis=-1, keepdims=True))
    q /= q.sum(axis=-1, keepdims=True)
    apart = (q * np.log(q * 6)).sum(axis=-1)
    assert_close(outputs["divergences"], apart, SUM, scale=np.log(6))
    nats = np.asarray(logit_laplace_nats(batch["target"], outputs["parameters"]), "float64")
    risen = 6.6 * (1 - np.cos(np.pi / 4)) / 2
    expected = nats.mean() + risen * apart.sum(axis=(1, 2)).mean() / (8 * 8 * 3)
    found = method.part_loss(batch, outputs, training=True)
    assert_close(found, expected, SUM, scale=np.abs(nats).max())


def test_the_divergence_counts_more_with_every_step_until_it_has_its_weight(batch):
    method, seen = method_of(divergence_steps=2), []
    for _ in range(4):
        seen.append(float(method._risen()))
        loss_of(method, batch)
    assert_close(seen, [0, 0.5, 1, 1], SUM)
    loss_of(method, batch, training=False)
    assert int(method.quantizer.steps) == 4


def test_in_training_the_decoder_sees_mixtures_and_otherwise_entries(batch):
    method = method_of(temperature=1.0)
    entries = np.asarray(method.quantizer.codebook)
    mixed, chosen = (np.asarray(method(batch, training=t)["quantized"]) for t in (True, False))
    for seen, are_entries in ((mixed, False), (chosen, True)):
        nearest = np.abs(seen[..., None, :] - entries).max(axis=-1).min(axis=-1)
        assert ((nearest == 0) == are_entries).all()


def test_the_encoder_learns_of_the_decoder_through_the_mixture(batch):
    method = method_of(divergence=0.0)
    with tf.GradientTape() as tape:
        loss = loss_of(method, batch)
    assert (tape.gradient(loss, method.head.kernel.value).numpy() != 0).any()


def test_codes_lead_to_the_same_reconstruction_bit_by_bit(batch):
    method = method_of()
    codes = method.encode_indices(batch)
    assert codes.shape == (4, *method.code_shape) == (4, 4, 4)
    found = method(batch)
    np.testing.assert_array_equal(codes, found["codes"])
    pictures = method.decode(method.lookup(codes))
    np.testing.assert_array_equal(pictures, found["outputs"])
    assert pictures.min() >= 0
    assert pictures.max() <= 1


def test_the_encoder_that_is_kept_gives_entries_without_noise(batch):
    method = method_of(grid=2)
    exported = method.export_encoder()
    images = {"images": batch["images"]}
    found, tuned = exported(images), exported(images, training=True)
    quantized = np.asarray(method(batch)["quantized"])
    np.testing.assert_array_equal(found["features"], quantized)
    np.testing.assert_array_equal(tuned["features"], quantized)
    cells = quantized.reshape(4, 2, 2, 2, 2, 4).mean(axis=(2, 4)).reshape(4, -1)
    assert_close(found["embedding"], cells, SUM)


def test_figures_and_pictures_tell_how_well_it_rebuilds():
    data = TargetCrops("builtin:photos", size=8, gray=False).prepare()
    few = data.on(data.items.select(range(3)))
    method = method_of()
    figures = method.validate(few)
    assert {"psnr", "nats", "divergence", "relative_error", "l1", "used"} <= set(figures)
    assert 0 <= figures["divergence"] <= np.log(6)
    assert [title for title, _, _ in method.report_images(few)] == [
        "Reconstructions",
        "Usage of the codebook",
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"divergence": -1}, "divergence=-1"),
        ({"divergence_steps": 0}, "divergence_steps=0"),
        ({"final_temperature": 2.0}, "final_temperature=2.0"),
        ({"decoder_levels": 3}, "as many levels"),
        ({"decoder_width": 6}, "width=6"),
    ],
)
def test_what_does_not_fit_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        method_of(**wrong)


def test_encoders_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="map"):
        DiscreteVAE(dense_encoder(8, widths=(4,)))
    with pytest.raises(ValueError, match="size=9"):
        discrete_vae_encoder(9, 4, 2, 1)
