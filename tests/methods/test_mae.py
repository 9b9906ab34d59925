"""Masked autoencoders: what the encoder sees, what is predicted where, and what it costs."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import roberta_encoder, spectrogram_vit_encoder, vit_encoder
from mmssl.methods.mae import MAE
from mmssl.pipelines.audio import SpectrogramPatches
from mmssl.pipelines.images import VisiblePatches
from tests.contract.cases import Case
from tests.contract.learning import ON_DIGITS, on_clothes
from tests.contract.sizes import TINY_PATCHES, tiny_transformer
from tests.tolerances import NETWORK, SUM, assert_close, multiples

DECODER = {
    "decoder_width": 16,
    "decoder_depth": 1,
    "decoder_num_heads": 2,
    "decoder_mlp_dim": 32,
}
CASE = Case(
    "vision/mae",
    (
        *TINY_PATCHES,
        "--method.encoder.depth=1",
        *(f"--method.{name}={size}" for name, size in DECODER.items()),
    ),
    # That of zeros, 47/48, and the variance that the last kernel gives to normed features: it is
    # 16 x 48, uniform, of variance 2 / (16 + 48).
    initial_loss=(47 / 48 + 2 * 16 / (16 + 48), 0.3),
    **on_clothes(0.01),
)
CASES = {
    "audio": Case(
        "audio/mae",
        (
            "--data.batch_size=4",
            "--data.window=2048",
            "--data.num_mel_bins=32",
            "--data.hop=64",
            "--method.encoder.window=64",
            *tiny_transformer(16),
            *(f"--method.{name}={size}" for name, size in DECODER.items()),
        ),
        # That of zeros, 63/64, and the variance that the last kernel gives: it is 16 x 64.
        initial_loss=(63 / 64 + 2 * 16 / (16 + 64), 0.3),
        margins={("untrained", "linear"): 0.02},
        **ON_DIGITS,
    ),
}
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def method_of(normalize_patches=True, positions="fixed", class_token=True, **options):
    keras.utils.set_random_seed(0)
    blocks = {"width": 16, "depth": 2, "num_heads": 2, "mlp_dim": 32}
    encoder = vit_encoder(16, 4, positions=positions, class_token=class_token, **blocks)
    return MAE(encoder, normalize_patches, **{**DECODER, **options})


def batch_of(num_masks=1, visible=4, rows=3):
    draw = np.random.default_rng(0)
    orders = draw.permuted(np.tile(np.arange(16), (rows, num_masks, 1)), axis=-1)
    return {
        "images": tf.constant(draw.uniform(size=(rows, 16, 16, 3)), tf.float32),
        "visible": tf.constant(orders[..., :visible], tf.int32),
        "masked": tf.constant(orders[..., visible:], tf.int32),
    }


def data_of(**options):
    sets = {"num_masks": 1, "block": 1, "adjust": 0.0}
    return VisiblePatches("builtin:photos", size=16, patch_size=4, batch_size=4, **sets, **options)


def loss_of(method, batch):
    return float(method.compute_loss(batch, None, method(batch), None, training=False))


def formula(images, predictions, masked, normalize):
    """The loss of the official code, over all patches with a mask."""
    pixels = (np.asarray(images, "float64") - MEAN) / DEVIATION
    mask, patches = np.zeros((len(pixels), 16)), []
    for image in pixels:
        rows = [image[4 * r : 4 * r + 4, 4 * c : 4 * c + 4] for r in range(4) for c in range(4)]
        patches.append([patch.reshape(48) for patch in rows])
    patches = np.array(patches)
    if normalize:
        variance = patches.var(axis=-1, keepdims=True, ddof=1)
        patches = (patches - patches.mean(axis=-1, keepdims=True)) / np.sqrt(variance + 1e-6)
    whole = np.zeros_like(patches)
    for row, positions in enumerate(np.asarray(masked)[:, 0]):
        mask[row, positions] = 1
        whole[row, positions] = predictions[row]
    return (((whole - patches) ** 2).mean(axis=-1) * mask).sum() / mask.sum()


@pytest.mark.parametrize("normalize", [True, False])
def test_the_loss_is_the_formula_over_masked_patches(normalize):
    method, batch = method_of(normalize), batch_of()
    predictions = np.random.default_rng(1).normal(size=(3, 12, 48)).astype("float32")
    terms = method.loss_terms(batch, {"predictions": predictions}, training=False)
    expected = formula(batch["images"], predictions, batch["masked"], normalize)
    assert_close(terms["reconstruction"], expected, SUM)


def test_a_prediction_is_that_of_its_own_patch():
    method, batch = method_of(), batch_of()
    # A decoder that predicts, wherever it is asked, the number of the patch.
    numbers = tf.tile(tf.range(16.0)[None, :, None], (3, 1, 48))
    method.decoder.call = lambda inputs, training=None, mask=None: numbers
    predicted = method(batch)["predictions"].numpy()
    expected = np.repeat(batch["masked"].numpy()[:, 0, :, None], 48, axis=-1)
    np.testing.assert_array_equal(predicted, expected)


def test_predicting_zero_costs_what_the_unbiased_variance_leaves():
    method, batch = method_of(), batch_of()
    zeros = {"predictions": np.zeros((3, 12, 48), "float32")}
    terms = method.loss_terms(batch, zeros, training=False)
    assert_close(terms["reconstruction"], 47 / 48, SUM)


@pytest.mark.parametrize(
    "encoder",
    [{}, {"positions": "learned", "class_token": False}, {"positions": "relative"}],
    ids=["fixed", "without a class token", "relative"],
)
def test_what_is_masked_does_not_reach_the_predictions_and_what_is_visible_does(encoder):
    method, batch = method_of(**encoder), batch_of()
    mask = np.zeros((3, 16))
    np.put_along_axis(mask, batch["masked"].numpy()[:, 0], 1, axis=1)
    pixels = np.kron(mask.reshape(3, 4, 4), np.ones((4, 4)))[..., None]
    other = 1.0 - batch["images"]
    before = method(batch)["predictions"].numpy()
    hidden = {**batch, "images": tf.where(pixels > 0, other, batch["images"])}
    np.testing.assert_array_equal(method(hidden)["predictions"], before)
    shown = {**batch, "images": tf.where(pixels > 0, batch["images"], other)}
    assert multiples(method(shown)["predictions"], before) > NETWORK
    assert multiples(method.targets(hidden)[0], method.targets(batch)[0]) > NETWORK


def test_the_blocks_run_over_the_class_token_and_the_visible_quarter():
    method, lengths = method_of(), []
    run = method.context.call

    def noting(inputs, training=None, mask=None):
        lengths.append(inputs["positioned"].shape)
        return run(inputs, training=training, mask=mask)

    method.context.call = noting
    method(batch_of())
    assert lengths == [(3, 1 + 4, 16)]


def test_the_order_of_the_lists_and_of_the_images_does_not_matter():
    method, batch = method_of(), batch_of()
    loss = loss_of(method, batch)
    lists = {name: x if name == "images" else x[..., ::-1] for name, x in batch.items()}
    assert_close(loss_of(method, lists), loss, SUM)
    assert_close(loss_of(method, {name: x[::-1] for name, x in batch.items()}), loss, SUM)


def test_the_loss_of_several_masks_is_the_mean_of_single_ones():
    method, batch = method_of(), batch_of(num_masks=2)
    singles = [
        {name: x if name == "images" else x[:, m : m + 1] for name, x in batch.items()}
        for m in range(2)
    ]
    mean = np.mean([loss_of(method, single) for single in singles])
    assert_close(loss_of(method, batch), mean, SUM)


def test_the_encoder_that_is_kept_has_no_decoder():
    method = method_of()
    own = {id(v) for v in method.decoder.variables}
    assert own
    assert not own & {id(v) for v in method.export_encoder().variables}


@pytest.mark.parametrize("normalize", [True, False])
def test_perfect_predictions_give_the_image_and_visible_pixels_stay(normalize):
    method, batch = method_of(normalize), batch_of()
    targets = method.targets(batch)[0].numpy()
    method.infer = lambda batch: {"predictions": targets}
    filled = method.reconstruct(batch)
    assert_close(filled, batch["images"], SUM)
    method.infer = lambda batch: {"predictions": 0 * targets}
    changed = (method.reconstruct(batch) != batch["images"].numpy()).any(axis=-1)
    patches = changed.reshape(3, 4, 4, 4, 4).any(axis=(2, 4)).reshape(3, 16)
    for row, positions in zip(patches, batch["masked"].numpy()[:, 0], strict=True):
        assert set(np.flatnonzero(row)) == set(positions)


def test_held_out_figures_are_the_loss_and_that_of_zeros():
    method, data = method_of(), data_of()
    data.prepare()
    few = data.on(data.items.select(range(5)))
    figures = method.validate(few)
    [batch] = few.masked_examples(few.source, batch_size=5)
    assert_close(figures["patch_error"], loss_of(method, batch), NETWORK)
    zero = np.mean(np.square(method.targets(batch)[0]))
    assert_close(figures["zero_error"], zero, NETWORK)
    assert_close(figures["patch_ratio"], loss_of(method, batch) / zero, NETWORK)


def test_the_picture_has_a_row_of_masked_reconstructed_and_true_ones():
    data = data_of()
    data.prepare()
    [(title, caption, picture)] = method_of().report_images(data.on(data.items.select(range(3))))
    assert (title, picture.shape, picture.dtype) == ("Reconstructions", (48, 48, 3), np.uint8)
    assert "mean and contrast" in caption
    [images] = data.examples(data.items.select(range(3)))
    true = np.concatenate(list(images["images"].numpy()), axis=1)
    np.testing.assert_array_equal(picture[32:], np.rint(true * 255))


@pytest.mark.bfloat16
def test_mixed_precision_predicts_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    assert method_of()(batch_of())["predictions"].dtype == "float32"


def test_what_does_not_fit_is_refused():
    text = roberta_encoder(30, 20, width=16, depth=1, num_heads=2, mlp_dim=32)
    with pytest.raises(ValueError, match=r"patches of a picture.* no layer 'patches'"):
        MAE(text)
    with pytest.raises(ValueError, match="num_heads=3"):
        method_of(decoder_num_heads=3)
    batch = batch_of()
    with pytest.raises(ValueError, match=r"4 visible and 11 masked .* 16 tokens"):
        method_of()({**batch, "masked": batch["masked"][..., 1:]})


def method_of_sound():
    keras.utils.set_random_seed(0)
    encoder = spectrogram_vit_encoder(8000, 8, 128, 64, 4, 16, 2, 2, 32)
    return MAE(encoder, **DECODER)


def sound_of(samples=1024, rows=3):
    """Four stretches of four frames, two bands of patches each, half of them visible."""
    draw = np.random.default_rng(0)
    order = draw.permuted(np.tile(np.arange(8), (rows, 1, 1)), axis=-1).astype("int32")
    mask = np.arange(1024) < samples
    return {
        "waveform": (draw.normal(0, 0.1, (rows, 1024)) * mask).astype("float32"),
        "padding_mask": np.tile(mask, (rows, 1)).astype("int32"),
        "visible": order[..., :4],
        "masked": order[..., 4:],
    }


def test_patches_of_a_spectrogram_are_predicted_and_those_in_padding_do_not_count():
    method, batch = method_of_sound(), sound_of(samples=768)  # the last of four stretches is empty
    picture = np.asarray(method.picture(method._inputs(batch)), "float64")[..., 0]
    scaled = (picture - 0.65) / 0.2
    predictions = np.random.default_rng(1).normal(size=(3, 4, 16)).astype("float32")
    errors = []
    for row, places in enumerate(batch["masked"][:, 0]):
        for predicted, place in zip(predictions[row], places, strict=True):
            time, band = divmod(int(place), 2)
            patch = scaled[row, 4 * time : 4 * time + 4, 4 * band : 4 * band + 4].reshape(16)
            target = (patch - patch.mean()) / np.sqrt(patch.var(ddof=1) + 1e-6)
            if time < 3:
                errors.append(np.mean((predicted - target) ** 2))
    assert 0 < len(errors) < 12
    terms = method.loss_terms(batch, {"predictions": predictions}, training=False)
    assert_close(terms["reconstruction"], np.mean(errors), NETWORK)


def test_a_spectrogram_is_reconstructed_and_drawn_with_time_to_the_right():
    clips = [np.random.default_rng(n).normal(0, 0.1, 1500).astype("float32") for n in range(3)]
    sizes = {"window": 1024, "num_mel_bins": 8, "hop": 64, "patch_size": 4, "batch_size": 2}
    data = SpectrogramPatches(clips, mask_ratio=0.5, **sizes).prepare()
    method = method_of_sound()
    assert set(method.validate(data.on(data.items))) == {
        "patch_error",
        "zero_error",
        "patch_ratio",
    }
    [(_, _, picture)] = method.report_images(data.on(data.items))
    assert picture.shape == (3 * 8, 3 * 16, 3)
    [batch] = data.masked_examples(data.items)
    spectrogram = np.asarray(method.picture(method._inputs(batch)))[0, ..., 0]
    expected = np.rint(255 * np.minimum(spectrogram.T[::-1], 1))
    np.testing.assert_array_equal(picture[16:, :16, 0], expected)
