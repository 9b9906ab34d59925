"""VQ-VAE-2: the formula at both levels, what conditions what, and what is deployed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import dense_encoder, strided_residual_encoder
from mmssl.methods.vq_vae_2 import VQVAE2
from mmssl.pipelines.images import TargetCrops
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.tolerances import NETWORK, SUM, assert_close

SIZES = {"decoder_width": 8, "decoder_units": 1, "decoder_unit_width": 8}
CASE = Case(
    "vision/vq_vae_2",
    (
        *("--data.batch_size=8", "--data.size=16"),
        *("--method.entries=8", "--method.entry_width=4"),
        *("--method.encoder.width=8", "--method.encoder.unit_width=8"),
        *("--method.decoder_width=8", "--method.decoder_units=0", "--method.encoder.units=0"),
    ),
    **on_clothes(0.01),
)


def method_of(**options):
    keras.utils.set_random_seed(0)
    encoder = strided_residual_encoder(16, 8, 2, 1, 8)
    given = {"target_shape": (16, 16, 3), "entries": 6, "entry_width": 4, **SIZES, **options}
    return VQVAE2(encoder, **given)


@pytest.fixture
def batch():
    target = np.random.default_rng(0).uniform(size=(4, 16, 16, 3)).astype("float32")
    return {"images": target, "target": target}


@pytest.mark.parametrize("momentum", [0.99, None])
def test_the_loss_is_the_formula(batch, momentum):
    method = method_of(momentum=momentum, commitment=0.5)
    method.variance.assign(0.25)
    outputs = method(batch)
    apart = sum(
        np.mean((np.asarray(outputs["vectors"][level]) - outputs["quantized"][level]) ** 2)
        for level in ("top", "bottom")
    )
    error = np.mean((batch["target"] - np.asarray(outputs["outputs"], "float64")) ** 2) / 0.25
    expected = error + (0.5 if momentum else 1.5) * apart
    assert_close(float(loss_of(method, batch, training=False)), expected, SUM)


def test_the_top_level_is_half_as_fine_as_the_bottom_level(batch):
    method = method_of()
    assert method.code_shape == {"top": (2, 2), "bottom": (4, 4)}
    codes = method.encode_indices(batch)
    assert {level: x.shape for level, x in codes.items()} == {
        **{"top": (4, 2, 2), "bottom": (4, 4, 4)}
    }


def test_what_the_top_level_tells_changes_the_bottom_level_and_not_the_other_way(batch):
    method = method_of()
    before = {level: np.asarray(x) for level, x in method(batch)["vectors"].items()}
    method.quantizer["bottom"].codebook.assign(-method.quantizer["bottom"].codebook)
    after = method(batch)["vectors"]
    for level, vectors in before.items():
        np.testing.assert_array_equal(after[level], vectors)
    method.quantizer["top"].codebook.assign(-method.quantizer["top"].codebook)
    after = method(batch)["vectors"]
    np.testing.assert_array_equal(after["top"], before["top"])
    assert (np.asarray(after["bottom"]) != before["bottom"]).all(axis=-1).any()


def test_the_decoder_sees_both_levels():
    method = method_of()
    entries = method.lookup({"top": np.zeros((1, 2, 2), int), "bottom": np.zeros((1, 4, 4), int)})
    whole = method.decode(entries)
    for level, x in entries.items():
        other = method.decode({**entries, level: x + 1})
        assert (other != whole).any(axis=(0, 3)).mean() > 0.9


def test_the_top_encoder_gets_gradients_through_both_levels(batch):
    method = method_of(commitment=0.0)
    with tf.GradientTape() as tape:
        outputs = method(batch, training=True)
        loss = method.loss_terms(batch, outputs, training=False)["reconstruction"]
    gradients = tape.gradient(loss, outputs["vectors"])
    seen = {level: tf.constant(x.numpy()) for level, x in outputs["quantized"].items()}
    with tf.GradientTape() as tape:
        tape.watch(seen)
        error = tf.reduce_mean(tf.square(batch["target"] - method.decoder(seen)))
    of_decoder = tape.gradient(error, seen)
    assert_close(gradients["bottom"], of_decoder["bottom"], NETWORK)
    through_bottom = gradients["top"] - of_decoder["top"]
    assert np.abs(through_bottom).max() > 0.01 * np.abs(of_decoder["top"]).max()


def test_training_moves_the_entries_of_both_levels(batch):
    method = method_of()
    before = {level: q.codebook.numpy() for level, q in method.quantizer.items()}
    loss_of(method, batch, training=True)
    for level, quantizer in method.quantizer.items():
        assert (quantizer.codebook.numpy() != before[level]).any()


def test_the_encoder_that_is_kept_gives_entries_and_their_means_over_cells(batch):
    method = method_of(grid=2)
    found = method.export_encoder()({"images": batch["images"]})
    quantized = {level: np.asarray(x) for level, x in method(batch)["quantized"].items()}
    np.testing.assert_array_equal(found["features"], quantized["bottom"])
    top = quantized["top"].reshape(4, -1)
    bottom = quantized["bottom"].reshape(4, 2, 2, 2, 2, 4).mean(axis=(2, 4)).reshape(4, -1)
    assert_close(found["embedding"], np.concatenate([top, bottom], axis=1), SUM)


def test_a_report_shows_how_both_codebooks_are_used():
    data = TargetCrops("builtin:photos", size=16, gray=False).prepare()
    few = data.on(data.items.select(range(3)))
    method = method_of()
    assert [title for title, _, _ in method.report_images(few)] == [
        "Reconstructions",
        "Usage of the codebook, top",
        "Usage of the codebook, bottom",
    ]
    figures = method.validate(few)
    assert {"relative_error", "perplexity_top", "used_top", "perplexity_bottom"} <= set(figures)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="map of features of known, even sides"):
        VQVAE2(dense_encoder(8, widths=(4,)))
    with pytest.raises(ValueError, match="even sides"):
        VQVAE2(strided_residual_encoder(12, 8, 2, 1, 8), (12, 12, 3))
    with pytest.raises(ValueError, match=r"VQVAE2\(commitment=-1\)"):
        method_of(commitment=-1)
