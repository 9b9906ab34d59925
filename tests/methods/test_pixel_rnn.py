"""PixelCNN, Row LSTM and Diagonal BiLSTM: exact likelihoods of what is before, and no more."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import (
    diagonal_bilstm_encoder,
    pixel_cnn_encoder,
    row_lstm_encoder,
    small_conv_encoder,
)
from mmssl.methods.pixel_rnn import PixelRNN
from mmssl.pipelines.images import IntensityCrops
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

TINY = (
    *("--data.batch_size=8", "--data.size=8", "--method.head_width=8"),
    "--method.encoder.depth=1",
)
THEORY = {"initial_loss": (np.log(16), 1e-5), **on_clothes(0.01)}
CASE = Case("vision/pixel_cnn", (*TINY, "--method.encoder.width=6"), **THEORY)
CASES = {
    name: Case(f"vision/{name}", (*TINY, "--method.encoder.units=6"), **THEORY)
    for name in ("row_lstm", "diagonal_bilstm")
}
ENCODERS = {
    "pixel_cnn": pixel_cnn_encoder,
    "row_lstm": row_lstm_encoder,
    "diagonal_bilstm": diagonal_bilstm_encoder,
}
of_each_encoder = pytest.mark.parametrize("name", ENCODERS)


def method_of(name, size=5, gray=False, levels=4, width=6, depth=2, head_width=6):
    """A method whose weights are all random."""
    method = PixelRNN(ENCODERS[name](size, gray, levels, width, depth), head_width)
    rng = np.random.default_rng(0)
    for variable in method.trainable_variables:
        variable.assign(rng.normal(0, 0.5, variable.shape))
    return method


def batch_of(intensities, levels):
    images = intensities.astype("float32") / (levels - 1)
    wide = np.broadcast_to(images, (*images.shape[:3], 3))
    return {"images": wide, "intensities": intensities.astype("int32")}


def gradients(method):
    """How each logit depends on each value before rounding: (75, 75), in raster order."""
    encoder = method.encoder
    pixels = encoder.get_layer("pixels").output
    network = keras.Model(pixels, encoder.output["features"])
    one = np.random.default_rng(1).normal(size=pixels.shape[1:])
    # A copy for each logit, all of whose gradients come from one pass.
    copies = tf.constant(np.tile(one, (one.size, 1, 1, 1)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(copies)
        logits = tf.reshape(method.logits(network(copies))[..., 1], (one.size, one.size))
        each = tf.linalg.trace(logits)
    return tape.gradient(each, copies).numpy().reshape(one.size, one.size)


@of_each_encoder
def test_no_logit_depends_on_a_value_at_or_behind_it(name):
    found = gradients(method_of(name, width=12, head_width=48)) != 0
    before = np.tril(np.ones((75, 75), bool), -1)
    assert not (found & ~before).any()
    if name == "diagonal_bilstm":
        # No feature of a row holds the last value of that row, and the first kernel reaches three
        # pixels: the first pixel of the next row does not see it.
        for last in range(14, 74, 15):
            before[last + 1 : last + 4, last] = False
        np.testing.assert_array_equal(found, before)
    else:
        assert found[np.arange(1, 75), np.arange(74)].mean() > 0.9


@of_each_encoder
def test_the_probabilities_of_all_pictures_add_up_to_1(name):
    method = method_of(name, size=2, gray=True, levels=2)
    every = np.array(list(itertools.product([0, 1], repeat=4))).reshape(16, 2, 2, 1)
    found = method.log_prob(batch_of(every, 2))
    assert_close(np.exp(found).sum(), 1, SUM)
    assert np.ptp(found) > 0.1


def test_the_loss_is_the_mean_of_the_code_lengths():
    method = method_of("pixel_cnn", gray=False)
    intensities = np.random.default_rng(2).integers(0, 4, (2, 5, 5, 3))
    batch = batch_of(intensities, 4)
    logits = np.asarray(method(batch)["logits"], "float64")
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    expected = np.take_along_axis(logs, intensities[..., None], axis=-1)
    assert_close(float(loss_of(method, batch, training=False)), -expected.mean(), SUM)
    assert_close(method.log_prob(batch), expected.sum(axis=(1, 2, 3, 4)), SUM)


def test_of_256_levels_an_untrained_network_takes_8_bits():
    method = PixelRNN(pixel_cnn_encoder(4, False, 256, 6, 1))
    batch = batch_of(np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)), 256)
    assert_close(float(loss_of(method, batch, training=False)), 5.545177, ROUNDING)


def test_raw_pictures_are_embedded_as_rounded_ones_are():
    encoder, raw = pixel_cnn_encoder(8, True, 16, 4, 1), np.random.default_rng(0).random((3, 8, 8))
    gray = np.repeat(raw[..., None], 3, axis=-1).astype("float32")
    rounded = (np.floor(gray * 16) / 15).astype("float32")
    one, two = (np.asarray(encoder({"images": x})["embedding"]) for x in (gray, rounded))
    np.testing.assert_array_equal(one, two)


def test_a_run_measures_itself_beside_simple_models_and_draws_what_it_did_not_foresee():
    data = IntensityCrops("builtin:photos", size=8, levels=4).prepare()
    few = data.on(data.items.select(range(6)))
    method = method_of("pixel_cnn", size=8, gray=True)
    found = method.validate(few)
    batches = list(few.fixed_elements(few.source).as_numpy_iterator())
    nats = np.concatenate([method.log_prob(batch) for batch in batches])
    assert_close(found["bits_per_dimension"], -nats.mean() / 64 / np.log(2), NETWORK)
    assert set(found) == {
        *("bits_per_dimension", "histogram_bits", "position_bits", "before_bits", "png_bits")
    }
    [(_, caption, picture)] = method.report_images(few)
    assert "4 levels" in caption
    assert picture.shape == (16, 48, 3)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="needs the layer 'pixels'"):
        PixelRNN(small_conv_encoder(8))
    with pytest.raises(ValueError, match="head_width=2"):
        PixelRNN(pixel_cnn_encoder(4, False, 4, 6, 1), head_width=2)
    with pytest.raises(ValueError, match=r"depth=...\) must be 1 or more"):
        row_lstm_encoder(4, depth=0)
