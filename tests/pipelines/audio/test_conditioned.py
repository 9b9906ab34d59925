"""Speakers and log-mel frames beside windows of sound."""

import numpy as np
import pytest

from mmssl.pipelines.audio import ConditionedWindows
from mmssl.pipelines.audio.log_mel import log_mel
from mmssl.pipelines.sources import Source, open_source
from tests.tolerances import ROUNDING, assert_close, share_margin


def clips(lengths, speakers):
    """Clips whose samples are 1, 2, 3 for the speakers in the order of their names."""
    number = {name: i for i, name in enumerate(sorted(set(speakers)), start=1)}
    waves = [np.full(n, number[s], "float32") for n, s in zip(lengths, speakers, strict=True)]
    source = open_source(waves, (".wav",))
    source.columns["speaker"] = np.array(speakers)
    return source


def batches(data, count):
    parts = list(data.batches().take(count).as_numpy_iterator())
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


SPEAKERS = ["eva", "tom", "eva", "ida", "tom", "ida", "eva"]


def test_joined_clips_are_of_one_speaker_whose_number_stands_beside_them():
    source = clips([30, 40, 20, 120, 35, 60, 100], SPEAKERS)
    data = ConditionedWindows(
        source, num_speakers=4, unknown_probability=0, window=100, batch_size=7
    )
    batch = batches(data, 20)
    assert data.speaker_names == ["eva", "ida", "tom"]
    parts = (batch[name] for name in ("waveform", "padding_mask", "speaker"))
    for wave, mask, speaker in zip(*parts, strict=True):
        assert set(wave[mask > 0]) == {speaker}
        # Tom has 75 samples in all, drawn again and again; the others reach the end in any case.
        assert mask.all() or speaker == 3
    assert set(batch["speaker"]) == {1, 2, 3}


def test_the_speaker_is_withheld_as_often_as_asked_and_the_sound_stays_the_same():
    source = clips([110] * 7, SPEAKERS)
    known, withheld = (
        batches(ConditionedWindows(source, 4, unknown_probability=s, window=100, batch_size=7), 60)
        for s in (0, 0.3)
    )
    np.testing.assert_array_equal(known["waveform"], withheld["waveform"])
    hidden = withheld["speaker"] == 0
    assert abs(hidden.mean() - 0.3) < share_margin(0.3, hidden.size)
    np.testing.assert_array_equal(known["speaker"][~hidden], withheld["speaker"][~hidden])


def test_examples_know_the_speakers_of_the_training_and_no_others():
    data = ConditionedWindows(clips([110] * 7, SPEAKERS), 4, window=100, batch_size=2)
    data.prepare()
    others = clips([50, 60, 70], ["tom", "zoe", "eva"])
    (batch,) = data.examples(others)
    np.testing.assert_array_equal(batch["speaker"], [3, 0, 1])
    (batch,) = data.examples(Source(others.names, others.read))
    np.testing.assert_array_equal(batch["speaker"], [0, 0, 0])
    held_out = batches(data.on(clips([110, 120], ["tom", "zoe"])), 10)
    assert set(held_out["speaker"]) == {0, 3}


def test_a_run_keeps_the_names_of_its_speakers(tmp_path):
    data = ConditionedWindows(clips([110] * 7, SPEAKERS), 4, window=100, batch_size=2)
    data.prepare(tmp_path)
    again = ConditionedWindows("builtin:speech", 4)
    again.restore(tmp_path)
    assert again.speaker_names == ["eva", "ida", "tom"]
    shared = {"num_speakers": 4, "num_mel_bins": 0, "mel_hop": 80}
    assert shared.items() <= data.encoder_arguments().items()


def test_frames_stand_beside_every_window_and_every_example():
    data = ConditionedWindows(clips([110, 250], ["a", "b"]), num_mel_bins=5, mel_hop=8, window=100)
    data.batch_size = 2
    batch = next(iter(data.batches()))
    assert batch["log_mel"].shape == (2, 13, 5)
    (examples,) = data.examples(data.items)
    assert examples["log_mel"].shape == (2, 32, 5)
    assert (examples["log_mel"][0, 14:].numpy() == 0).all()


def test_frames_lie_where_the_sound_is_and_tell_its_pitch():
    wave = np.zeros(4000, "float32")
    wave[2000:3000] = np.sin(2 * np.pi * 1000 * np.arange(1000) / 8000)
    frames = log_mel(wave, 8000, 20, 80).numpy()
    assert frames.shape == (50, 20)
    loud = np.flatnonzero(frames.max(axis=1) > 0.9)
    # Samples 2000 to 3000 are frames 25 to 37.5; a frame hears two hops to either side.
    assert 23 <= loud.min() <= 25
    assert 37 <= loud.max() <= 39
    assert_close(frames[:20], 0, ROUNDING, scale=1)
    peak = frames[30].argmax()
    # 1000 Hz lies at 1000 of 2146 mel up to 4 kHz: in the 10th of 20 bands.
    assert peak in (8, 9)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"num_speakers": -1}, "num_speakers=-1"),
        ({"mel_hop": 0}, "mel_hop=0"),
        ({"unknown_probability": 1.2}, "between 0 and 1"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        ConditionedWindows(**arguments)


def test_too_few_speakers_and_a_missing_column_are_refused_with_what_to_set():
    source = clips([110] * 7, SPEAKERS)
    with pytest.raises(ValueError, match=r"num_speakers=3 is too small for the 3 .* set it to 4"):
        ConditionedWindows(source, 3, window=100, batch_size=2).prepare()
    with pytest.raises(ValueError, match=r"no column 'voice' .* set speaker_column to one of"):
        ConditionedWindows(source, 4, "voice", window=100, batch_size=2).prepare()
