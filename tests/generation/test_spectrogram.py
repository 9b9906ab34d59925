import numpy as np
import pytest

from mmssl.generation.spectrogram import level, spectral_flatness, spectrogram_image

TIME = np.arange(8000) / 8000


def tone(hertz):
    return np.sin(2 * np.pi * hertz * TIME).astype("float32")


def test_the_level_is_in_decibel_below_full_scale():
    assert level(np.ones(100)) == 0
    assert level(0.1 * tone(440)) == pytest.approx(-23.01, abs=0.01)
    assert level(np.zeros(100)) == -180


def test_noise_is_flat_and_a_tone_is_not():
    noise = np.random.default_rng(0).normal(0, 0.1, 8000).astype("float32")
    assert spectral_flatness(noise) == pytest.approx(0.56, abs=0.03)
    assert spectral_flatness(tone(440)) < 0.02


def test_a_tone_is_a_bright_line_at_its_pitch_and_silence_is_dark():
    picture = spectrogram_image([tone(2000), np.zeros(8000, "float32")])
    height, width, _ = picture.shape
    sound, silence = picture[:, : width // 3].sum(axis=-1), picture[:, -width // 3 :].sum(axis=-1)
    # 2 kHz is half of the 4 kHz that the picture is high.
    assert abs(sound.mean(axis=1).argmax() - height / 2) <= 4
    assert silence.max() < 30
