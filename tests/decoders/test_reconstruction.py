"""Decoders of autoencoders: shapes for vectors, sequences and maps, and weights that are tied."""

import keras
import numpy as np
import pytest

from mmssl.decoders import latent_decoder, reconstruction_decoder, tied_decoder
from mmssl.decoders.reconstruction import _strides
from tests.tolerances import SUM, assert_close


@pytest.mark.parametrize(
    ("features", "shape", "upsampling"),
    [
        ((6,), (4, 4, 1), None),
        ((3, 6), (12, 5), None),
        ((None, 6), (12, 5), 4),
        ((2, 2, 6), (7, 8, 3), None),
        ((2, 2, 6), (2, 2, 3), None),
    ],
)
@pytest.mark.parametrize("widths", [(), (8, 4)])
def test_any_features_are_decoded_to_the_shape(features, shape, upsampling, widths):
    decoder = reconstruction_decoder(
        keras.KerasTensor((None, *features)), shape, widths, upsampling=upsampling
    )
    given = np.ones((2, *(3 if n is None else n for n in features)), "float32")
    assert decoder(given).shape == (2, *shape)
    assert decoder(given).dtype == "float32"


def test_doublings_are_shared_out_over_the_layers():
    assert _strides(8, 3) == [2, 2, 2]
    assert _strides(8, 2) == [4, 2]
    assert _strides(1, 2) == [1, 1]


def test_a_code_is_led_back_to_features_first():
    decoder = latent_decoder(3, keras.KerasTensor((None, 2, 2, 6)), (8, 8, 1), (4,))
    assert decoder(np.ones((2, 3), "float32")).shape == (2, 8, 8, 1)


def test_the_tied_way_back_has_the_transposed_weights_and_the_activations_below():
    encoder = keras.Sequential([keras.layers.Dense(4, "tanh"), keras.layers.Dense(3, "sigmoid")])
    encoder.build((None, 6))
    decoder = tied_decoder(encoder.layers, (2, 3))
    code = np.random.default_rng(0).random((5, 3)).astype("float32")
    (w1, _, w2, _) = encoder.get_weights()
    expected = (np.tanh(code @ w2.T) @ w1.T).reshape(5, 2, 3)
    assert_close(decoder(code), expected, SUM)


@pytest.mark.parametrize(
    ("features", "shape", "upsampling", "words"),
    [
        ((2, 2, 6), (4, 4), None, "as many axes"),
        ((3, 6), (12, 5), 3, "power of 2"),
        ((None, 6), (12, 5), None, "upsampling must be given"),
    ],
)
def test_what_leads_nowhere_is_refused(features, shape, upsampling, words):
    with pytest.raises(ValueError, match=words):
        reconstruction_decoder(keras.KerasTensor((None, *features)), shape, upsampling=upsampling)
    with pytest.raises(ValueError, match="fixed size"):
        latent_decoder(2, keras.KerasTensor((None, None, 6)), (4, 4))
