"""Denoising autoencoders: what is reconstructed, and how restored pictures are measured."""

import keras
import numpy as np
import pytest

from mmssl.encoders import (
    dense_encoder,
    small_conv_encoder,
    spectrogram_encoder,
    table_encoder,
)
from mmssl.methods.bases.reconstructed import psnr, restored_by_median
from mmssl.methods.denoising_autoencoder import DenoisingAutoencoder
from mmssl.pipelines.audio import LogMelTargets
from mmssl.pipelines.images import CorruptedCrops
from mmssl.pipelines.tables import CorruptedRows
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.tolerances import NETWORK, SUM, assert_close

SIZE = 8
CASE = Case(
    "vision/denoising_autoencoder",
    (
        "--data.batch_size=8",
        "--data.size=12",
        "--method.encoder.channels=[8,8]",
        "--method.encoder.strides=[2,2]",
        "--method.decoder_widths=[8]",
    ),
    # ln 2 for each of 144 values, a quarter of them with the weight 1, the others with 1/2.
    initial_loss=(144 * 0.625 * np.log(2), 3.0),
    least_loss=50.0,  # the entropy of the first batch's values
    **on_clothes(0.01),
)
CASES = {
    "tables": Case(
        "tables/denoising_autoencoder",
        ("--data.batch_size=8", "--method.encoder.widths=[16,16]", "--method.decoder_widths=[16]"),
    ),
}


def method_of(encoder=None, **options):
    keras.utils.set_random_seed(0)
    encoder = encoder or dense_encoder(SIZE, widths=(16,))
    options = {"target_shape": (SIZE, SIZE, 1), **options}
    return DenoisingAutoencoder(encoder, **options)


def batch_of(channels=1):
    draw = np.random.default_rng(0)
    target = draw.uniform(size=(3, SIZE, SIZE, channels)).astype("float32")
    chosen = (draw.uniform(size=target.shape) < 0.4).astype("float32")
    images = np.broadcast_to(target * (1 - chosen), (3, SIZE, SIZE, 3)).astype("float32")
    return {"images": images, "target": target, "corrupted": chosen}


def test_the_loss_is_the_formula_with_both_weights():
    method, batch = method_of(emphasis=(1.0, 0.5)), batch_of()
    z = 1 / (1 + np.exp(-np.asarray(method(batch)["outputs"], "float64")))
    x = batch["target"].astype("float64")
    errors = -x * np.log(z) - (1 - x) * np.log(1 - z)
    expected = (np.where(batch["corrupted"] == 1, 1.0, 0.5) * errors).sum(axis=(1, 2, 3)).mean()
    assert_close(float(loss_of(method, batch)), expected, SUM)


def test_the_target_is_clean_and_what_the_encoder_sees_is_not():
    method, batch = method_of(error="squared"), batch_of()
    outputs = np.asarray(method({"images": batch["images"]})["outputs"], "float64")
    expected = ((outputs - batch["target"]) ** 2).sum(axis=(1, 2, 3)).mean()
    assert_close(float(loss_of(method, batch)), expected, SUM)


def test_the_way_back_through_one_layer_has_its_weights():
    encoder = dense_encoder(SIZE, widths=(16,))
    method, batch = method_of(encoder, tied=True), batch_of()
    layer = encoder.get_layer("block_1")
    assert len(method.trainable_variables) == 3  # the kernel, and a bias each way
    x = batch["images"].mean(axis=-1).reshape(3, -1)
    h = 1 / (1 + np.exp(-(x @ layer.kernel.numpy() + layer.bias.numpy())))
    expected = (h @ layer.kernel.numpy().T).reshape(3, SIZE, SIZE, 1)
    assert_close(method(batch)["outputs"], expected, SUM)


def test_maps_are_decoded_to_as_many_pixels_as_there_are():
    encoder = small_conv_encoder(SIZE + 2, (8, 8), (2, 2))
    method = method_of(encoder, target_shape=(SIZE + 2, SIZE + 2, 3), decoder_widths=(8,))
    assert method.decoder.output.shape[1:] == (10, 10, 3)


def test_sounds_are_restored_as_log_mel_frames():
    data = LogMelTargets("builtin:speech", window=2048, batch_size=2, num_mel_bins=16).prepare()
    keras.utils.set_random_seed(0)
    encoder = spectrogram_encoder(8000, 16, 256, 64, (4, 4))
    method = method_of(encoder, **data.method_arguments(), upsampling=2, error="squared")
    [batch] = data.batches().take(1)
    assert np.isfinite(float(loss_of(method, batch)))
    figures = method.validate(data.on(data.items.select(range(3))))
    assert sorted(figures) == ["mean_psnr", "psnr"]
    [(_, caption, picture)] = method.report_images(data.on(data.items.select(range(3))))
    assert "encoder sees" not in caption
    assert picture.shape == (2 * 16, 3 * 16, 3)


def test_rows_of_a_table_are_measured_by_the_variance_and_shown_as_stripes():
    data = CorruptedRows(batch_size=8).prepare()
    encoder = table_encoder(**data.encoder_arguments(), widths=(16,))
    method = method_of(encoder, **data.method_arguments(), error="squared")
    few = data.on(data.items.select(range(5)))
    figures = method.validate(few)
    [batch] = few.fixed_elements(few.source).as_numpy_iterator()
    outputs, true = np.asarray(method(batch)["outputs"], "float64"), batch["target"]
    explained = 1 - ((outputs - true) ** 2).sum() / ((true - true.mean(axis=0)) ** 2).sum()
    assert_close(figures["explained"], explained, NETWORK)
    assert list(figures) == ["explained"]
    [(_, caption, picture)] = method.report_images(few)
    assert "Each stripe is a value" in caption
    assert picture.shape == (2 * 4 * true.shape[1], 5 * 16, 3)
    middle = picture[4 * true.shape[1] :: 4, ::16, 0].T / 255  # of the targets
    assert_close(middle, np.rint(255 * np.clip(0.5 + true / 4, 0, 1)) / 255, SUM)


def test_held_out_figures_are_those_of_the_same_corruption_at_every_call():
    data = CorruptedCrops("builtin:photos", size=SIZE, batch_size=4, amount=0.3).prepare()
    method, few = method_of(), data.on(data.items.select(range(4)))
    figures = method.validate(few)
    [batch] = few.fixed_elements(few.source).as_numpy_iterator()
    clipped = 1 / (1 + np.exp(-np.asarray(method(batch)["outputs"], "float64")))
    errors = ((clipped - batch["target"]) ** 2).mean(axis=(1, 2, 3))
    assert_close(figures["psnr"], np.mean(-10 * np.log10(errors)), NETWORK)
    noisy = ((batch["images"][..., :1] - batch["target"]) ** 2).mean(axis=(1, 2, 3))
    assert_close(figures["corrupted_psnr"], np.mean(-10 * np.log10(noisy)), NETWORK)
    assert figures == method.validate(few)


def test_a_median_restores_single_values_and_not_an_edge():
    flat = np.full((1, 9, 9, 1), 0.5)
    speck = flat.copy()
    speck[0, 4, 4] = 1
    assert restored_by_median(speck, flat) == psnr(flat, flat) == 100
    assert_close(psnr(np.zeros((1, 2, 2, 1)), np.full((1, 2, 2, 1), 0.1)), 20, SUM)


def test_the_picture_shows_what_is_seen_restored_and_true():
    data = CorruptedCrops("builtin:photos", size=SIZE, batch_size=4, amount=0.5).prepare()
    few = data.on(data.items.select(range(3)))
    [(title, _, picture)] = method_of().report_images(few)
    assert (title, picture.shape) == ("Reconstructions", (3 * SIZE, 3 * SIZE, 3))
    [batch] = few.fixed_elements(few.source).as_numpy_iterator()
    for row, shown in ((0, batch["images"]), (2, np.repeat(batch["target"], 3, axis=-1))):
        expected = np.rint(np.concatenate(list(shown), axis=1) * 255)
        np.testing.assert_array_equal(picture[row * SIZE : (row + 1) * SIZE], expected)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"emphasis": (0.0, 0.0)}, "one of them above 0"),
        ({"error": "absolute"}, "error must be"),
        ({"tied": True, "decoder_widths": (4,)}, "set it to"),
        ({"tied": True, "target_shape": (SIZE, SIZE, 3)}, "set gray for both"),
        ({"encoder": small_conv_encoder(SIZE, (8,), (2,)), "tied": True}, "dense layers"),
        ({"encoder": small_conv_encoder(SIZE, (8,), (2,)), "upsampling": 3}, "power of 2"),
        ({"encoder": small_conv_encoder(SIZE, (8,), (2,)), "target_shape": (64,)}, "axes"),
    ],
)
def test_what_does_not_fit_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        method_of(**options)
