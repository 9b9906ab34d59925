"""Frames of a trained encoder: whole recordings, batches, and parts of long ones."""

import keras
import numpy as np
import pytest

from mmssl.encoders import cpc_encoder, small_conv_encoder, wav2vec_encoder
from mmssl.evaluation.frames import EncoderFrames
from mmssl.pipelines.audio import AudioWindows
from mmssl.pipelines.audio.framing import Framing
from tests.tolerances import NETWORK, assert_close

SIZES = {"channels": 8, "kernel_sizes": (10, 4), "strides": (5, 4), "width": 16, "depth": 2}
BLOCKS = {"num_heads": 2, "mlp_dim": 32, "position_groups": 4, "position_depth": 1, "dropout": 0.0}


def clips(*lengths):
    rng = np.random.default_rng(0)
    return [rng.normal(0, 0.1, n).astype("float32") for n in lengths]


def frames_of(features, waves):
    data = AudioWindows(waves, window=min(map(len, waves)))
    return dict(features.of(data, data.open(waves)))


def test_each_recording_has_the_frames_of_the_encoder_alone():
    keras.utils.set_random_seed(0)
    encoder, waves = wav2vec_encoder(**SIZES, **BLOCKS), clips(700, 300, 500)
    features = EncoderFrames(encoder, "block_1")
    assert features.framing == Framing(20, 25)
    block = keras.Model(encoder.input, encoder.get_layer("block_1").output)
    found = frames_of(features, waves)
    assert sorted(found) == [0, 1, 2]
    for index, wave in enumerate(waves):
        alone = {"waveform": wave[None], "padding_mask": np.ones((1, len(wave)), "int32")}
        assert len(found[index]) == features.framing.count(len(wave))
        assert_close(found[index], np.asarray(block(alone))[0], NETWORK)


def test_the_parts_of_a_long_recording_have_as_many_frames_as_the_whole():
    keras.utils.set_random_seed(0)
    encoder = cpc_encoder(channels=8, context_dim=6, strides=(5, 4), kernel_sizes=(10, 8))
    waves = clips(2**18 + 1234)  # more than is encoded at once
    features = EncoderFrames(encoder, "block_1", samples=10_000)
    [found] = frames_of(features, waves).values()
    block = keras.Model(encoder.input, encoder.get_layer("block_1").output)
    whole = {"waveform": waves[0][None], "padding_mask": np.ones((1, len(waves[0])), "int32")}
    expected = np.asarray(block(whole))[0]
    assert len(found) == features.framing.count(len(waves[0]))
    assert_close(found, expected[: len(found)], NETWORK)


def test_an_encoder_without_frames_of_sound_is_refused():
    with pytest.raises(ValueError, match="no frames of sound"):
        EncoderFrames(small_conv_encoder(16, channels=(4,), strides=(2,)))
    with pytest.raises(ValueError, match="block_9"):
        EncoderFrames(wav2vec_encoder(**SIZES, **BLOCKS), "block_9")
