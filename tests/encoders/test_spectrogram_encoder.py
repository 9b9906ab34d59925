import keras
import librosa
import numpy as np
import pytest

from mmssl.deploy.formats import export
from mmssl.encoders import cut, spectrogram_encoder
from mmssl.layers import LogMel
from tests.tolerances import (
    NETWORK,
    ROUNDING,
    SUM,
    assert_close,
    assert_within,
    multiples,
    rounding,
)

RATE = 8000


def sound(samples=6000, rows=2):
    return np.random.default_rng(0).uniform(-0.5, 0.5, (rows, samples)).astype("float32")


def test_log_mel_frames_are_librosas():
    waveform = sound(4096, rows=1)
    found = np.asarray(LogMel(RATE, num_mel_bins=20, window=256, hop=128)(waveform))[0]
    padded = np.pad(waveform[0], (128, 0))
    spectrum = np.abs(librosa.stft(padded, n_fft=256, hop_length=128, center=False)) / 64
    to_mel = librosa.filters.mel(sr=RATE, n_fft=256, n_mels=20, htk=True, norm=None)
    num_mel_bins = np.maximum(to_mel @ spectrum, 1e-5).T
    assert found.shape == num_mel_bins.shape == (32, 20)
    # The triangles of the two differ in how they are sampled: in mel there, in hertz here.
    assert_within(found, 1 - np.log(num_mel_bins) / np.log(1e-5), 0.02)


def test_silence_is_zero_and_a_sine_of_full_scale_is_one():
    frames = LogMel(RATE, num_mel_bins=20, window=256, hop=128)
    assert_close(frames(np.zeros((1, 1024), "float32")), 0, ROUNDING, scale=1)
    sine = np.sin(2 * np.pi * 1000 * np.arange(4096) / RATE).astype("float32")[None]
    assert np.asarray(frames(sine))[0, 4:].max() == pytest.approx(1, abs=0.06)


@pytest.fixture(scope="module")
def encoder():
    keras.utils.set_random_seed(0)
    built = spectrogram_encoder(RATE, num_mel_bins=16, window=256, hop=128, channels=(4, 8))
    # Statistics other than 0 and 1, as after training.
    waveform = sound(8192, rows=8)
    built({"waveform": waveform, "padding_mask": np.ones_like(waveform, "int32")}, training=True)
    return built


def inputs(waveform, padding):
    mask = np.ones_like(waveform, "int32")
    return {
        "waveform": np.pad(waveform, ((0, 0), (0, padding))),
        "padding_mask": np.pad(mask, ((0, 0), (0, padding))),
    }


@pytest.mark.parametrize("block", [None, "block_1"])
def test_padding_leaves_the_embedding_unchanged(encoder, block):
    part = cut(encoder, block) if block else encoder
    alone, padded = (part(inputs(sound(), padding)) for padding in (0, 999))
    assert_close(alone["embedding"], padded["embedding"], SUM)
    hop = 128 * (2 if block else 4)
    assert alone["features"].shape[1] == 6000 // hop


def test_no_frame_sees_what_comes_after_it(encoder):
    block = keras.Model(encoder.input, encoder.get_layer("block_2").output)
    waveform = sound()
    changed = waveform.copy()
    changed[:, 2048:] = changed[:, 2048:][:, ::-1]  # of the same level
    one, two = (block(inputs(w, 0)) for w in (waveform, changed))
    assert_close(one[:, :4], two[:, :4], SUM)
    assert multiples(one[:, 4:], two[:, 4:]) > NETWORK


@pytest.mark.parametrize("form", ["litert", "saved_model"])
def test_it_is_exported_without_flex_and_takes_any_length(encoder, form, tmp_path):
    path = tmp_path / ("encoder.tflite" if form == "litert" else "encoder")
    assert export(encoder, path, form, inputs(sound(), 500)).max_difference < NETWORK * rounding()


def test_bands_that_cannot_be_halved_and_long_hops_are_refused():
    with pytest.raises(ValueError, match="multiple of 2\\^4; got num_mel_bins=60"):
        spectrogram_encoder(num_mel_bins=60)
    with pytest.raises(ValueError, match="hop at most window"):
        LogMel(window=100, hop=200)
