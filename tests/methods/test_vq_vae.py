"""VQ-VAE: the formula, codes and back, and what a report says of the codebook."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import dense_encoder, strided_residual_encoder
from mmssl.methods.bases.code_usage import code_figures, usage_picture
from mmssl.methods.vq_vae import VQVAE
from mmssl.pipelines.images import TargetCrops
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.tolerances import NETWORK, SUM, assert_close

SIZES = {"decoder_width": 8, "decoder_units": 1, "decoder_unit_width": 8}
SOUND = {"halvings": "[2]", "width": 4, "depth": 1, "out_width": 4}
CASE = Case(
    "vision/vq_vae",
    (
        *("--data.batch_size=8", "--data.size=8"),
        *("--method.entries=8", "--method.entry_width=4"),
        *("--method.encoder.width=8", "--method.encoder.unit_width=8"),
        *(f"--method.{name}={size}" for name, size in SIZES.items()),
    ),
    **on_clothes(0.01),
)
CASES = {
    "sound": Case(
        "audio/vq_vae",
        (
            *("--data.batch_size=4", "--data.window=256", "--fit.jit_compile=false"),
            *("--method.entries=8", "--method.entry_width=4"),
            *(f"--method.encoder.{name}={size}" for name, size in SOUND.items()),
            *("--method.decoder_width=4", "--method.decoder_units=1"),
            "--method.decoder_unit_width=4",
        ),
    ),
}


def method_of(**options):
    keras.utils.set_random_seed(0)
    encoder = strided_residual_encoder(8, 8, 2, 1, 8)
    given = {"target_shape": (8, 8, 3), "entries": 6, "entry_width": 4, **SIZES, **options}
    return VQVAE(encoder, **given)


@pytest.fixture
def batch():
    target = np.random.default_rng(0).uniform(size=(4, 8, 8, 3)).astype("float32")
    return {"images": target, "target": target}


@pytest.mark.parametrize("momentum", [0.99, None])
def test_the_loss_is_the_formula(batch, momentum):
    method = method_of(momentum=momentum, commitment=0.5)
    method.variance.assign(0.25)
    outputs = {name: np.asarray(x, "float64") for name, x in method(batch).items()}
    apart = np.mean((outputs["vectors"] - outputs["quantized"]) ** 2)
    error = np.mean((batch["target"] - outputs["outputs"]) ** 2) / 0.25
    expected = error + (0.5 if momentum else 1.5) * apart
    assert_close(float(loss_of(method, batch, training=False)), expected, SUM)


def test_codes_lead_to_the_same_reconstruction_bit_by_bit(batch):
    method = method_of()
    codes = method.encode_indices(batch)
    assert codes.shape == (4, 2, 2)
    assert codes.dtype == "int32"
    decoded = method.decode(method.lookup(codes))
    np.testing.assert_array_equal(decoded, method.reconstruct(batch))


def test_the_encoder_gets_the_gradient_of_what_the_decoder_sees(batch):
    method = method_of(commitment=0.0)
    with tf.GradientTape() as tape:
        outputs = method(batch, training=True)
        loss = method.loss_terms(batch, outputs, training=False)["reconstruction"]
    vectors = tape.gradient(loss, outputs["vectors"])
    seen = tf.constant(outputs["quantized"].numpy())
    with tf.GradientTape() as tape:
        tape.watch(seen)
        error = tf.reduce_mean(tf.square(batch["target"] - method.decoder(seen)))
    assert_close(vectors, tape.gradient(error, seen), NETWORK)


def test_the_encoder_is_held_to_its_entries(batch):
    method = method_of()
    with tf.GradientTape() as tape:
        outputs = method(batch, training=True)
        loss = method.loss_terms(batch, outputs, training=False)["commitment"]
    expected = 2 * (outputs["vectors"] - outputs["quantized"]) / outputs["vectors"].numpy().size
    assert_close(tape.gradient(loss, outputs["vectors"]), expected, SUM)


def test_inference_moves_no_entry_and_training_does(batch):
    method = method_of()
    before = method.quantizer.codebook.numpy()
    loss_of(method, batch, training=False)
    np.testing.assert_array_equal(method.quantizer.codebook, before)
    loss_of(method, batch, training=True)
    assert (method.quantizer.codebook.numpy() != before).any()


def test_errors_are_divided_by_the_variance_of_the_data(batch):
    method = method_of()
    method.adapt(tf.data.Dataset.from_tensors(batch))
    assert_close(method.variance, batch["target"].var(dtype="float64"), SUM)


def test_the_encoder_that_is_kept_gives_entries_and_their_means_over_cells(batch):
    method = method_of(grid=2)
    found = method.export_encoder()({"images": batch["images"]})
    quantized = np.asarray(method(batch)["quantized"])
    np.testing.assert_array_equal(found["features"], quantized)
    np.testing.assert_array_equal(found["embedding"], quantized.reshape(4, -1))


def test_figures_and_pictures_tell_how_the_codebook_is_used():
    figures = code_figures(np.array([[0, 0], [3, 3]]), 8)
    assert figures["used"] == 2
    assert_close(figures["perplexity"], 2, SUM)
    _, caption, picture = usage_picture(np.array([0, 0, 0, 3]), 4)
    assert "2 occur" in caption
    heights = (picture[..., 0] < 100).sum(axis=0)
    assert heights[[0, 128, 256]].tolist() == [96, 32, 0]
    data = TargetCrops("builtin:photos", size=8, gray=False).prepare()
    few = data.on(data.items.select(range(3)))
    assert [title for title, _, _ in method_of().report_images(few)] == [
        "Reconstructions",
        "Usage of the codebook",
    ]
    figures = method_of().validate(few)
    assert {"psnr", "relative_error", "perplexity", "used"} <= set(figures)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="map of features"):
        VQVAE(dense_encoder(8, widths=(4,)))
    with pytest.raises(ValueError, match="commitment=-1"):
        method_of(commitment=-1)
    with pytest.raises(ValueError, match="power of 2"):
        method_of(target_shape=(12, 12, 3))
    with pytest.raises(ValueError, match="size=10"):
        strided_residual_encoder(10)
