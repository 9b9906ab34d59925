"""Image GPT: the two formulas, what a pixel is predicted from, and what is measured of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import conv_encoder, cut, image_gpt_encoder
from mmssl.methods.image_gpt import ImageGPT
from mmssl.pipelines.images import ImageCrops, MaskedPixels
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import tiny_transformer
from tests.tolerances import ROUNDING, SUM, assert_close

TINY = (
    *("--data.batch_size=4", "--data.size=6", "--method.encoder.colors=8"),
    *tiny_transformer(16),
)
CASE = Case(
    "vision/image_gpt",
    TINY,
    initial_loss=(np.log(8), 1e-5),
    **on_clothes(0.01),
)
CASES = {
    "bert": Case("vision/image_gpt_bert", TINY, initial_loss=(np.log(8), 1e-5), **on_clothes(0.01))
}
SIZE, COLORS = 4, 6


def method_of(causal=True, zero_head=False, **options):
    keras.utils.set_random_seed(0)
    method = ImageGPT(image_gpt_encoder(SIZE, COLORS, 8, 3, 2, 16, causal, **options))
    if not zero_head:
        shape = method.head.kernel.shape
        method.head.kernel.assign(np.random.default_rng(0).normal(size=shape))
    return method


@pytest.fixture
def batch():
    draw = np.random.default_rng(1)
    mask = (draw.random((3, SIZE**2)) < 0.3).astype("int32")
    mask[:, 2] = 1
    return {"images": draw.random((3, SIZE, SIZE, 3)).astype("float32"), "mask": mask}


def log_likelihoods(method, batch):
    """log p of each pixel, float64 (B, T)."""
    outputs = method(batch)
    logits = np.asarray(outputs["logits"], "float64")
    logits -= np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return np.take_along_axis(logits, np.asarray(outputs["codes"])[..., None], axis=-1)[..., 0]


@pytest.mark.parametrize("causal", [True, False])
def test_the_loss_is_the_mean_over_pixels_and_then_over_pictures(batch, causal):
    method = method_of(causal)
    found = -log_likelihoods(method, batch)
    hidden = np.ones_like(found) if causal else batch["mask"]
    expected = np.mean((found * hidden).sum(axis=1) / hidden.sum(axis=1))
    assert_close(float(loss_of(method, batch)), expected, SUM)


@pytest.mark.parametrize("causal", [True, False])
def test_an_untrained_head_begins_at_the_logarithm_of_the_colors(batch, causal):
    method = method_of(causal, zero_head=True)
    assert_close(float(loss_of(method, batch)), np.log(COLORS), ROUNDING)


@pytest.mark.parametrize("place", [0, 5, SIZE**2 - 1])
def test_a_pixel_is_predicted_from_those_before_it_alone(batch, place):
    method = method_of()
    images = batch["images"].copy()
    before = method(batch)["logits"]
    row, column = divmod(place, SIZE)
    # The color that is farthest: another number for sure.
    images[:, row, column] = np.rint(1 - images[:, row, column])
    after = method({**batch, "images": images})["logits"]
    moved = np.abs(np.asarray(before) - np.asarray(after)).max(axis=(0, 2))
    assert (moved[: place + 1] == 0).all()
    assert (moved[place + 1 :] > 0).all()


def test_the_first_pixel_is_predicted_from_the_learned_start(batch):
    method = method_of()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(method(batch)["logits"][:, 0])
    start = method.encoder.get_layer("start").start
    assert np.abs(tape.gradient(loss, start.value)).max() > 0


def test_what_is_hidden_is_not_seen_and_what_is_seen_is_not_scored(batch):
    method = method_of(causal=False)
    images, hidden = batch["images"].copy(), batch["mask"].reshape(3, SIZE, SIZE) > 0
    images[hidden] = np.rint(1 - images[hidden])
    found = [method({**batch, "images": x})["logits"] for x in (batch["images"], images)]
    np.testing.assert_array_equal(*found)
    # Other logits at pixels that are seen change no loss.
    outputs = method(batch)
    moved = {
        **outputs,
        "logits": outputs["logits"]
        + 9.0 * (1 - batch["mask"])[..., None] * [float(number) for number in range(COLORS)],
    }
    losses = [float(method.loss_terms(batch, out, False)["nats"]) for out in (outputs, moved)]
    assert losses[0] == losses[1]


def test_a_hidden_pixel_keeps_its_position(batch):
    method = method_of(causal=False)
    everything = {**batch, "mask": np.ones_like(batch["mask"])}
    logits = np.asarray(method(everything)["logits"])[0]
    assert len(np.unique(logits.round(5), axis=0)) == SIZE**2


def test_the_palette_is_that_of_the_data_and_lies_in_the_encoder_that_is_kept(batch, tmp_path):
    method = method_of()
    levels = np.random.default_rng(2).integers(0, 256, (COLORS, 3))
    images = np.random.default_rng(3).choice(levels, (3, SIZE, SIZE)).astype("float32") / 255
    method.adapt(tf.data.Dataset.from_tensors({"images": images}))
    codes = np.asarray(method({"images": images})["codes"])
    np.testing.assert_array_equal(np.rint(255 * images), 255 * method.drawn(codes))
    method.export_encoder().save(tmp_path / "encoder.keras")
    kept = keras.models.load_model(tmp_path / "encoder.keras")
    for name, value in method.encoder({"images": images}).items():
        np.testing.assert_array_equal(kept({"images": images})[name], value)


def test_the_embedding_is_the_mean_over_the_tokens_of_the_middle_block(batch):
    encoder, images = method_of().encoder, {"images": batch["images"]}
    middle = cut(encoder, "block_2")(images)
    embedding = np.asarray(encoder(images)["embedding"])
    assert_close(embedding, np.asarray(middle["features"]).mean(axis=1), SUM)
    np.testing.assert_array_equal(middle["embedding"], embedding)
    last = image_gpt_encoder(SIZE, COLORS, 8, 3, 2, 16, pooled_block=3)
    last.set_weights(encoder.get_weights())
    assert_close(last(images)["embedding"], cut(encoder, "block_3")(images)["embedding"], ROUNDING)


@pytest.mark.parametrize("causal", [True, False])
def test_held_out_pixels_are_measured_beside_their_colors_without_context(causal):
    method = method_of(causal)
    data = (ImageCrops if causal else MaskedPixels)("builtin:photos", size=SIZE).prepare()
    few = data.on(data.items.select(range(5)))
    figures = method.validate(few)
    examples = few.examples if causal else few.masked_examples
    batch = next(examples(few.source).as_numpy_iterator())
    codes = np.asarray(method(batch)["codes"])
    shares = np.bincount(codes.ravel()) / codes.size
    shares = shares[shares > 0]
    assert_close(figures["unigram_nats"], -np.sum(shares * np.log(shares)), SUM)
    assert_close(figures["nats_per_pixel"], float(loss_of(method, batch, training=False)), SUM)
    [(title, caption, picture)] = method.report_images(few)
    assert title == "Pixels and their prediction"
    assert f"{COLORS} colors" in caption
    assert picture.shape == ((3 if causal else 4) * SIZE, 5 * SIZE, 3)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="needs the layer 'codes'"):
        ImageGPT(conv_encoder(16, (4, 8), (1, 1), (2, 2), (1, 1)))
    with pytest.raises(ValueError, match="pooled_block=4"):
        image_gpt_encoder(SIZE, COLORS, 8, 3, 2, pooled_block=4)
    with pytest.raises(ValueError, match="num_heads"):
        image_gpt_encoder(SIZE, COLORS, 9, 3, 2)
