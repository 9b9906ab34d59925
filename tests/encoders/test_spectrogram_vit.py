"""Vision transformers over spectrograms: patches, padding, cuts, and what they refuse."""

import keras
import numpy as np
import pytest

from mmssl.encoders import cut, spectrogram_vit_encoder
from mmssl.evaluation.frames import EncoderFrames
from tests.tolerances import NETWORK, SUM, assert_close, multiples


@pytest.fixture(scope="module")
def encoder():
    keras.utils.set_random_seed(0)
    return spectrogram_vit_encoder(8000, 16, 128, 64, 8, 32, 2, 2, 64)


def clip(samples, padding=0):
    wave = np.random.default_rng(0).normal(0, 0.1, (2, samples)).astype("float32")
    inputs = {"waveform": wave, "padding_mask": np.ones((2, samples), "int32")}
    return {name: np.pad(x, ((0, 0), (0, padding))) for name, x in inputs.items()}


def test_a_patch_is_a_square_of_frames_and_bands(encoder):
    patches = encoder.get_layer("patches")
    picture = keras.Model(encoder.input, encoder.get_layer("pixels").output)(clip(2048))
    assert picture.shape == (2, 32, 16, 1)
    kernel, bias = (np.asarray(w) for w in patches.weights)
    tokens = np.asarray(keras.Model(encoder.input, encoder.get_layer("tokens").output)(clip(2048)))
    assert tokens.shape == (2, 8, 32)
    square = np.asarray(picture)[1, 16:24, 8:, 0]  # the third stretch of time, the upper bands
    expected = np.tensordot(square, kernel[:, :, 0], 2) + bias
    assert_close(tokens[1, 2 * 2 + 1], expected, NETWORK)


@pytest.mark.parametrize("block", [None, "block_1"])
def test_padding_leaves_the_embedding_unchanged(encoder, block):
    model = cut(encoder, block) if block else encoder
    alone = model(clip(1600))["embedding"]
    assert alone.shape == (2, 64)
    assert_close(model(clip(1600, padding=1500))["embedding"], alone, NETWORK)
    assert multiples(model(clip(1024))["embedding"], alone) > NETWORK


def test_louder_sounds_have_the_same_embedding(encoder):
    louder = {**clip(1600), "waveform": 3 * clip(1600)["waveform"]}
    assert_close(encoder(louder)["embedding"], encoder(clip(1600))["embedding"], 10 * SUM)


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="num_mel_bins=20"):
        spectrogram_vit_encoder(num_mel_bins=20)
    with pytest.raises(ValueError, match="width=30"):
        spectrogram_vit_encoder(width=30)


def test_its_tokens_are_not_taken_for_frames(encoder):
    with pytest.raises(ValueError, match="patches of a spectrogram"):
        EncoderFrames(encoder)
