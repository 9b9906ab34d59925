"""The encoders of CodeSearchNet: a bag of words, convolutions, recurrent layers, attention."""

import keras
import numpy as np
import pytest

from mmssl.deploy.example import example_inputs
from mmssl.deploy.formats import export
from mmssl.encoders import bert_encoder, nbow_encoder, token_conv_encoder, token_rnn_encoder
from tests.contract import tolerances
from tests.tolerances import NETWORK, SUM, assert_close, multiples

MADE = {
    "nbow": lambda pool="weighted_mean": nbow_encoder(30, 8, pool=pool),
    "conv": lambda pool="weighted_mean": token_conv_encoder(30, 32, 8, 4, 2, pool=pool),
    "rnn": lambda pool="weighted_mean": token_rnn_encoder(30, 8, 4, pool=pool),
    "attention": lambda pool="weighted_mean": bert_encoder(
        30, 32, 8, 1, 2, 16, separator=0, pool=pool
    ),
}
POOLS = ("mean", "max", "weighted_mean")


def made(kind, *arguments):
    keras.utils.set_random_seed(0)
    return MADE[kind](*arguments)


def batch(length=9, rows=2):
    ids = np.random.default_rng(0).integers(1, 30, (rows, length)).astype("int32")
    return {"token_ids": ids, "padding_mask": np.ones((rows, length), "int32")}


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("pool", POOLS)
def test_padding_changes_nothing_whatever_stands_there(kind, pool):
    encoder, alone = made(kind, pool), batch()
    padded = {name: np.pad(x, [(0, 0), (0, 6)]) for name, x in alone.items()}
    padded["token_ids"][1, 9:] = 7
    assert_close(encoder(padded)["embedding"], encoder(alone)["embedding"], SUM)
    nothing = {**padded, "padding_mask": 0 * padded["padding_mask"]}
    np.testing.assert_array_equal(encoder(nothing)["embedding"], np.zeros((2, 8)))


@pytest.mark.parametrize(("kind", "order"), [("nbow", False), ("conv", True), ("rnn", True)])
def test_order_matters_to_all_but_a_bag(kind, order):
    encoder, words = made(kind), batch()
    turned = {**words, "token_ids": words["token_ids"][:, ::-1].copy()}
    off = multiples(encoder(turned)["embedding"], encoder(words)["embedding"])
    assert (off > NETWORK) == order


def test_a_recurrent_token_knows_all_others_from_both_ends():
    encoder, words = made("rnn"), batch()
    for place in (0, 4, 8):
        other = {**words, "token_ids": words["token_ids"].copy()}
        other["token_ids"][:, place] = 31 - other["token_ids"][:, place] % 29
        before, after = (np.asarray(encoder(x)["features"]) for x in (words, other))
        moved = (before != after).any(axis=0)
        np.testing.assert_array_equal(moved[:, :4].any(axis=1), np.arange(9) >= place)
        np.testing.assert_array_equal(moved[:, 4:].any(axis=1), np.arange(9) <= place)


def test_a_convolution_adds_its_input_from_the_second_one_on():
    encoder, words = made("conv"), batch(length=1, rows=1)
    table = np.asarray(encoder.get_layer("token_embedding").get_weights()[0], "float64")
    places = np.asarray(encoder.get_layer("position_embedding").get_weights()[0], "float64")
    x = table[words["token_ids"][0, 0]] + places[0]
    convolutions = [x for x in encoder.layers if isinstance(x, keras.layers.Conv1D)]
    for number, layer in enumerate(convolutions):
        kernel, bias = layer.get_weights()
        x = np.tanh(x @ kernel[1] + bias + (x if number else 0))
    assert_close(encoder(words)["features"][0, 0], x, SUM)


def test_sizes_are_those_of_the_paper():
    assert nbow_encoder().count_params() == 10000 * 128 + 128
    conv = 16 * 128 * 128 + 128
    assert token_conv_encoder().count_params() == (10000 + 200) * 128 + 3 * conv + 128
    lstm = {n: 4 * 64 * (n + 64 + 1) for n in (128, 64)}
    assert token_rnn_encoder().count_params() == 10000 * 128 + 2 * sum(lstm.values()) + 128


@pytest.mark.parametrize("kind", ["conv", "rnn"])
@pytest.mark.parametrize("form", ["saved_model", "litert"])
def test_it_is_exported(kind, form, tmp_path):
    encoder = made(kind)
    path = tmp_path / {"saved_model": "encoder", "litert": "encoder.tflite"}[form]
    result = export(encoder, path, form, example_inputs(encoder))
    assert tolerances.exported(result.max_difference)


@pytest.mark.parametrize("build", [token_conv_encoder, token_rnn_encoder])
def test_a_depth_of_zero_is_refused(build):
    with pytest.raises(ValueError, match=r"depth=.*1 or more; got 0"):
        build(depth=0)
