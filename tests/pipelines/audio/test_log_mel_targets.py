"""Audio windows beside their log-mel frames: what is corrupted, and what is the target."""

import numpy as np
import pytest

from mmssl.pipelines.audio import AudioWindows, LogMelTargets
from mmssl.pipelines.audio.log_mel import log_mel
from tests.pipelines.elements import elements
from tests.tolerances import NETWORK, STANDARD_ERRORS, assert_close

CLIPS = [np.random.default_rng(n).normal(0, 0.1, 900 + 100 * n).astype("float32") for n in range(4)]
SIZES = {"sample_rate": 8000, "window": 512, "batch_size": 2}
FRAMES = {"num_mel_bins": 8, "hop": 64}


def made(corruption, amount):
    return elements(LogMelTargets(CLIPS, corruption=corruption, amount=amount, **SIZES, **FRAMES))


def test_the_target_is_that_of_the_clean_window():
    found, plain = made("gaussian", 0.3), elements(AudioWindows(CLIPS, **SIZES))
    expected = [log_mel(x, 8000, 8, 64) for x in plain["waveform"]]
    assert_close(found["target"], expected, NETWORK)
    noise = (found["waveform"] - plain["waveform"]) / 0.3
    assert abs(noise.std() - 1) < STANDARD_ERRORS / np.sqrt(2 * noise.size)
    assert (found["corrupted"] == 1).all()


def test_masking_silences_whole_frames():
    found, plain = made("masking", 0.4), elements(AudioWindows(CLIPS, **SIZES))
    frames = found["waveform"].reshape(-1, 8, 64)
    silent = found["corrupted"][..., 0] == 1
    assert 0 < silent.mean() < 1
    assert (frames[silent] == 0).all()
    np.testing.assert_array_equal(frames[~silent], plain["waveform"].reshape(-1, 8, 64)[~silent])


def test_salt_and_pepper_are_full_scale():
    found, plain = made("salt_and_pepper", 0.1), elements(AudioWindows(CLIPS, **SIZES))
    changed = np.abs(found["waveform"] - plain["waveform"]) > 0.1
    assert set(np.unique(np.abs(found["waveform"][changed]))) == {1}


def test_clips_shorter_than_a_window_are_continued_with_silence():
    data = LogMelTargets([CLIPS[0], CLIPS[1][:300]], short="pad", **SIZES, **FRAMES).prepare()
    [batch] = data.fixed_elements(data.items).as_numpy_iterator()
    assert batch["waveform"].shape == (2, 512)
    assert (batch["waveform"][1, 300:] == 0).all()
    assert batch["target"].shape == (2, 8, 8)


def test_a_window_of_broken_frames_is_refused():
    with pytest.raises(ValueError, match="multiple of hop=60"):
        LogMelTargets(CLIPS, **SIZES, hop=60)
