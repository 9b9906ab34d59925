"""Context encoders: what is seen, what is predicted, and what weighs how much."""

import keras
import numpy as np
import pytest

from mmssl.encoders import conv_encoder, dcgan_encoder
from mmssl.methods.inpainting import ContextEncoder
from mmssl.pipelines.images import RegionMaskedCrops
from tests.contract.cases import Case
from tests.contract.learning import ON_OBJECTS
from tests.contract.sizes import TINY_CROPS
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

CASE = Case(
    "vision/inpainting",
    (
        *TINY_CROPS,
        "--data.region=center",
        "--data.overlap=2",
        "--method.decoder_channels=[16]",
        "--method.discriminator_channels=[8,16]",
    ),
    # 2 ln 2 of a discriminator that knows nothing, and the mean square of the pictures' pixels.
    initial_loss=(2 * np.log(2) + 0.4, 0.4),
    theory=("--data.overlap=0",),
    **ON_OBJECTS,
    margins={("untrained", "linear"): 0.02},
)


def method_of(size=32, region="center", channels=(8, 16, 16), decoder=(16,), **kwargs):
    arguments = {"discriminator_channels": (8, 16), **kwargs}
    encoder = dcgan_encoder(size, channels)
    return ContextEncoder(encoder, region, decoder_channels=decoder, **arguments)


def data_of(size=32, **kwargs):
    return RegionMaskedCrops("builtin:photos", size=size, batch_size=4, **kwargs)


def batch_of(**kwargs):
    return {name: value.numpy() for name, value in next(iter(data_of(**kwargs).batches())).items()}


def test_a_64_pixel_target_with_an_overlap_of_4_has_960_weights_of_10():
    method = method_of(128, channels=(4, 4, 4, 4, 4), decoder=(4, 4, 4))
    weights = np.asarray(method.pixel_weights(batch_of(size=128, overlap=4)["mask"]))
    assert weights.shape == (4, 64, 64, 1)
    assert ((weights == 10).sum(axis=(1, 2, 3)) == 960).all()
    assert ((weights == 1).sum(axis=(1, 2, 3)) == 56 * 56).all()


def test_of_a_whole_picture_visible_pixels_have_their_own_weight():
    batch = batch_of(region="random")
    weights = method_of(region="random", decoder=(16, 8), visible_weight=0.0).pixel_weights(
        batch["mask"]
    )
    np.testing.assert_array_equal(weights, batch["mask"])


def test_the_encoder_sees_visible_pixels_and_the_mean_color():
    method, batch, seen = method_of(), batch_of(), []
    method.adapt(data_of().batches(), examples=64)
    encoder = method.encoder
    method.encode = lambda inputs, training: (seen.append(inputs["images"]), encoder(inputs))[1]
    method(batch)
    images, hidden = np.asarray(seen[0]), batch["mask"][..., 0] == 1
    np.testing.assert_array_equal(images[~hidden], batch["images"][~hidden])
    color = np.asarray(method.fill.color)
    assert (images[hidden] == color).all()
    crops = [batch["images"].numpy() for batch in data_of().batches().take(16)]
    mean = np.concatenate(crops).mean(axis=(0, 1, 2))
    assert_close(color, mean, NETWORK)


@pytest.mark.parametrize("region", ["center", "random"])
def test_a_perfect_prediction_has_no_reconstruction_loss(region):
    decoder = (16,) if region == "center" else (16, 8)
    method, batch = method_of(region=region, decoder=decoder), batch_of(region=region)
    target = batch["images"][:, 8:24, 8:24] if region == "center" else batch["images"]
    terms = method.loss_terms(batch, {"prediction": 2 * target - 1}, training=False)
    assert float(terms["reconstruction"]) == 0


def test_the_loss_is_the_formula():
    method, batch = method_of(), batch_of(overlap=2)
    prediction = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 3)).astype("float32")
    error = (prediction - (2 * batch["images"][:, 8:24, 8:24] - 1)) ** 2
    error[:, 2:14, 2:14] *= 0.1
    terms = method.loss_terms(batch, {"prediction": prediction}, training=False)
    assert_close(terms["reconstruction"], 10 * error.mean(), SUM)
    assert method.loss_weights == {"reconstruction": 0.999, "adversarial": 0.001}


def test_inpainting_leaves_visible_pixels_as_they_are():
    method, batch = method_of(), batch_of(overlap=2)
    filled = np.asarray(method.inpaint(batch["images"], batch["mask"]))
    visible = batch["mask"][..., 0] == 0
    np.testing.assert_array_equal(filled[visible], batch["images"][visible])
    predicted = np.asarray(method(batch)["prediction"])[:, 2:14, 2:14] / 2 + 0.5
    assert_close(filled[:, 10:22, 10:22], predicted, SUM)


def test_held_out_figures_are_those_of_the_pixels_in_the_holes_and_stay():
    method, data = method_of(), data_of()
    data.prepare()
    held_out = data.on(data.items)
    figures = method.validate(held_out)
    assert figures == method.validate(held_out)
    errors = [
        ((np.asarray(method.inpaint(**batch)) - batch["images"]) ** 2)[:, 8:24, 8:24]
        for batch in held_out.masked_examples(data.items)
    ]
    assert_close(figures["hole_error"], np.concatenate(errors).mean(), SUM)
    assert_close(figures["hole_ratio"], figures["hole_error"] / figures["border_error"], ROUNDING)


def test_the_picture_has_a_row_of_masked_filled_and_true_ones():
    data = data_of()
    data.prepare()
    [(title, caption, picture)] = method_of().report_images(data.on(data.items.select(range(3))))
    assert (title, picture.shape, picture.dtype) == ("Inpainting", (96, 96, 3), np.uint8)
    assert caption


def test_what_is_deployed_holds_no_fill_no_decoder_and_no_discriminator():
    method = method_of()
    own = {
        id(v) for part in (method.fill, method.decoder, method.discriminator) for v in part.weights
    }
    assert not own & {id(v) for v in method.encoder.weights}
    assert list(method.encoder.input) == ["images"]


def test_without_a_discriminator_the_loss_is_the_reconstruction():
    method, batch = method_of(adversarial_weight=0.0), batch_of()
    outputs = method(batch)
    terms = method.loss_terms(batch, outputs, training=False)
    assert list(terms) == ["reconstruction"]
    loss = method.compute_loss(x=batch, y_pred=outputs, training=False)
    assert_close(loss, terms["reconstruction"], SUM)


def test_an_encoder_of_3x3_convolutions_will_do():
    encoder = conv_encoder(32, (4, 8), (1, 1), (2, 2), (1, 1), gray=False)
    method = ContextEncoder(encoder, decoder_channels=(), discriminator_channels=(4,))
    assert method(batch_of())["prediction"].shape == (4, 16, 16, 3)


def test_masks_outside_of_what_is_predicted_are_refused():
    with pytest.raises(ValueError, match="mask pixels outside of it"):
        method_of().adapt(data_of(region="random").batches())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"adversarial_weight": 1.0}, r"adversarial_weight=\.\.\.\) must be in \[0, 1\); got 1\.0"),
        ({"visible_weight": -1.0}, r"visible_weight=\.\.\.\) must be 0 or more; got -1\.0"),
        ({"decoder": (16, 8)}, "predicts 16 pixels per side .* outputs 32"),
        ({"discriminator_channels": (4,) * 5}, "multiple of 2\\^5; got size=16"),
        ({"channels": (4,) * 6}, "multiple of 2\\^6; got size=32"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        method_of(**arguments)


@pytest.mark.bfloat16
def test_mixed_precision_predicts_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    assert method_of()(batch_of())["prediction"].dtype == "float32"
