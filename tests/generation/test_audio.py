import numpy as np
import pytest
import soundfile

from mmssl.generation import generate_audio
from mmssl.layers import mu_law_decode, mu_law_encode
from tests.tolerances import assert_within


@pytest.fixture
def prompt(tmp_path):
    """A quarter of a second at 16 kHz."""
    time = np.arange(4000) / 16000
    soundfile.write(tmp_path / "prompt.wav", 0.3 * np.sin(2 * np.pi * 220 * time), 16000)
    return tmp_path / "prompt.wav"


def test_as_many_seconds_as_asked_are_written(wavenet_run, tmp_path):
    [path] = generate_audio(wavenet_run, tmp_path / "y.wav", seconds=0.25)
    wave, rate = soundfile.read(path)
    assert path == tmp_path / "y.wav"
    assert (rate, len(wave)) == (8000, 2000)
    assert soundfile.info(path).subtype == "PCM_16"
    assert [p.name for p in tmp_path.iterdir()] == ["y.wav"]


def test_a_prompt_is_resampled_said_so_and_gone_on_from(wavenet_run, prompt, tmp_path):
    said, steps = [], []
    paths = generate_audio(
        wavenet_run,
        tmp_path / "y.wav",
        seconds=0.1,
        prompt=prompt,
        count=2,
        tell=said.append,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert [path.name for path in paths] == ["y-1.wav", "y-2.wav"]
    assert said == [f"{prompt} was resampled from 16000 Hz to the run's sample rate of 8000 Hz."]
    assert steps[-1][0] == steps[-1][1] >= 800
    one, two = (soundfile.read(path)[0] for path in paths)
    assert len(one) == 2000 + 800
    np.testing.assert_array_equal(one[:2000], two[:2000])
    assert (one[2000:] != two[2000:]).any()
    time = np.arange(2000) / 8000
    # Up to the step of a mu-law code.
    assert_within(one[100:1900], 0.3 * np.sin(2 * np.pi * 220 * time)[100:1900], 0.02)


def test_the_same_seed_gives_the_same_sound_and_another_seed_another(wavenet_run, tmp_path):
    def sound(seed):
        [path] = generate_audio(wavenet_run, tmp_path / "y.wav", seconds=0.05, seed=seed)
        return path.read_bytes()

    assert sound(3) == sound(3)
    assert sound(3) != sound(4)


def test_samples_are_the_middles_of_mu_law_steps(wavenet_run, tmp_path):
    [path] = generate_audio(wavenet_run, tmp_path / "y.flac", seconds=0.05)
    wave, _ = soundfile.read(path, dtype="float32")
    assert_within(wave, mu_law_decode(mu_law_encode(wave)), 2**-15)


def test_a_conditioned_run_follows_a_sound_and_a_speaker(conditioned_run, prompt, tmp_path):
    arguments = {"like": prompt, "temperature": 0.5}
    [one] = generate_audio(conditioned_run, tmp_path / "1.wav", speaker="boris", **arguments)
    [two] = generate_audio(conditioned_run, tmp_path / "2.wav", seconds=0.1, **arguments)
    assert len(soundfile.read(one)[0]) == 2000
    assert len(soundfile.read(two)[0]) == 800


def test_a_wavernn_goes_on_from_a_prompt_in_16_bits(wavernn_run, prompt, tmp_path):
    arguments = {"seconds": 0.05, "prompt": prompt, "count": 2}
    paths = generate_audio(wavernn_run, tmp_path / "y.wav", **arguments)
    one, two = (soundfile.read(path, dtype="int16")[0] for path in paths)
    assert len(one) == 2000 + 400
    np.testing.assert_array_equal(one[:2000], two[:2000])
    assert (one[2000:] != two[2000:]).any()
    time = np.arange(2000) / 8000
    # As far as resampling, not the step of a code, is off.
    assert_within(one[100:1900] / 32768, 0.3 * np.sin(2 * np.pi * 220 * time)[100:1900], 0.002)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"out": "y.mp3"}, r"must end in \.wav or \.flac; got"),
        ({"count": 0}, "count must be 1 or more"),
        ({"seconds": 0}, "seconds must be above 0"),
        ({"temperature": -1}, "temperature must be 0 or more"),
        ({"prompt": "nowhere.wav"}, "there is none at nowhere.wav"),
        ({"speaker": "boris"}, "not trained with speakers"),
        ({"like": "x.wav"}, "not trained with log-mel frames"),
    ],
)
def test_wrong_input_is_refused(wavenet_run, tmp_path, arguments, sentence):
    arguments = {"out": "y.wav", **arguments}
    arguments["out"] = tmp_path / arguments["out"]
    with pytest.raises(ValueError, match=sentence):
        generate_audio(wavenet_run, **arguments)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "pass like=<audio file>"),
        ({"speaker": "zoe"}, "speaker must be one of anders, boris.*got 'zoe'"),
    ],
)
def test_what_a_conditioned_run_lacks_is_asked_for(conditioned_run, tmp_path, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        generate_audio(conditioned_run, tmp_path / "y.wav", **arguments)


def test_a_prompt_that_is_no_sound_is_refused_by_name(wavenet_run, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF no sound")
    with pytest.raises(ValueError, match=r"broken\.wav"):
        generate_audio(wavenet_run, tmp_path / "y.wav", prompt=tmp_path / "broken.wav")


def test_a_run_of_another_method_is_refused(sound_run, tmp_path):
    with pytest.raises(ValueError, match=r"trained by CPC, not by WaveNet or WaveRNN"):
        generate_audio(sound_run, tmp_path / "y.wav")
