"""Jukebox's encoder of sound: rates, padding, how far it sees; and its decoder."""

import keras
import numpy as np
import pytest

from mmssl.decoders import dilated_residual_decoder, mirrored_decoder
from mmssl.encoders import blocks, conv_encoder, dilated_residual_encoder, reach
from tests.tolerances import NETWORK, SUM, assert_close


def encoder(halvings=(1, 2)):
    keras.utils.set_random_seed(0)
    return dilated_residual_encoder(halvings, width=4, depth=2, out_width=3)


def heard(length, rows=1):
    wave = np.random.default_rng(0).normal(0, 0.3, (rows, length)).astype("float32")
    return {"waveform": wave, "padding_mask": np.ones((rows, length), "int32")}


def test_a_frame_stands_for_a_power_of_two_samples():
    model = encoder()
    assert blocks(model) == ["block_1", "block_2", "block_3"]
    assert model(heard(64))["features"].shape == (1, 8, 3)
    assert model(heard(71))["features"].shape == (1, 8, 3)
    assert model(heard(5))["features"].shape == (1, 1, 3)
    assert reach(model).hop == 8


@pytest.mark.parametrize("length", [64, 69])
def test_padding_changes_no_frame(length):
    model, batch = encoder(), heard(length)
    padded = {name: np.pad(x, ((0, 0), (0, 40))) for name, x in batch.items()}
    padded["waveform"][:, length:] = 0.7  # what stands there is not looked at
    alone, longer = model(batch), model(padded)
    assert_close(longer["features"][:, : length // 8], alone["features"], SUM)
    assert_close(longer["embedding"], alone["embedding"], SUM)


def test_a_frame_sees_as_far_ahead_as_back():
    model, batch = encoder(), heard(400)
    changed = {**batch, "waveform": batch["waveform"].copy()}
    changed["waveform"][:, 200:202] += 0.1
    before, after = (np.asarray(model(x)["features"])[0] for x in (batch, changed))
    moved = np.flatnonzero((before != after).any(axis=-1))
    assert moved[0] < 25 < moved[-1]
    assert abs((25 - moved[0]) - (moved[-1] - 25)) <= 1
    # No window of a recording gives what the whole does: those beside it are silent to it.
    assert reach(model).past == 0


def test_a_mirrored_decoder_leads_back_to_the_rate_of_samples():
    model = encoder()
    decoder = mirrored_decoder(model)
    assert decoder(model(heard(64))["features"]).shape == (1, 64)
    plain = dilated_residual_decoder(model.output["features"], (1, 2), 4, 2, 4)
    assert [v.shape for v in decoder.weights] == [v.shape for v in plain.weights]
    assert_close(decoder(np.zeros((1, 5, 3), "float32")), np.zeros((1, 40)), NETWORK, scale=1)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="width=0"):
        dilated_residual_encoder(width=0)
    with pytest.raises(ValueError, match=r"halvings=\[\]"):
        dilated_residual_encoder(())
    with pytest.raises(ValueError, match="cannot be mirrored"):
        mirrored_decoder(conv_encoder(16, (4,), (1,), (2,), (1,)))
