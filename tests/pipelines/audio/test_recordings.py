"""Recordings read in parts."""

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from mmssl.pipelines.audio import AudioWindows, decoding
from mmssl.pipelines.audio.budget import SAMPLES, by_length
from mmssl.pipelines.audio.decoding import decode_audio
from mmssl.pipelines.audio.recordings import Whole, open_recording
from tests.pipelines.elements import elements
from tests.tolerances import SUM, assert_close

RATE = 8000


def noise(samples, channels=1):
    return np.random.default_rng(0).normal(0, 0.1, (samples, channels)).astype("float32")


@pytest.mark.parametrize("rate", [8000, 44100, 6000])
@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3", "aiff", "caf", "w64"])
def test_a_part_is_that_of_the_whole_recording(tmp_path, ending, rate):
    if (ending, rate) == ("mp3", 6000):
        pytest.skip("MP3 has no such rate")
    path = tmp_path / f"clip.{ending}"
    soundfile.write(path, noise(4 * rate, 2), rate)
    whole = decode_audio(tf.io.read_file(str(path)), RATE).numpy()
    with open_recording(str(path), RATE) as recording:
        assert len(recording) == len(whole)
        # One after the other, overlapping, back, and beyond the end.
        for start, size in [(0, 700), (500, 900), (12345, 2001), (9000, 99), (31000, 5000)]:
            part, expected = recording.span(start, size), whole[start : start + size]
            assert part.shape == expected.shape
            assert_close(part, expected, SUM, scale=1)


def test_what_is_no_sound_file_is_decoded_whole(monkeypatch, tmp_path):
    soundfile.write(tmp_path / "clip.wav", noise(300), RATE)
    content = (tmp_path / "clip.wav").read_bytes()
    expected = open_recording(content, RATE).span(100, 50)

    def refused(*args):
        raise soundfile.LibsndfileError(1)

    monkeypatch.setattr(soundfile, "SoundFile", refused)
    found = open_recording(content, RATE)
    assert isinstance(found, Whole)
    np.testing.assert_array_equal(found.span(100, 50), expected)


@pytest.mark.parametrize("ending", ["ogg", "mp3"])
def test_recordings_behind_each_other_in_one_file_are_all_read(tmp_path, ending):
    for name in ("one", "two"):
        soundfile.write(tmp_path / f"{name}.{ending}", noise(4000), 8000)
    both = b"".join((tmp_path / f"{name}.{ending}").read_bytes() for name in ("one", "two"))
    (tmp_path / f"both.{ending}").write_bytes(both)
    with open_recording(str(tmp_path / f"both.{ending}"), 8000) as recording:
        assert len(recording) == len(recording.span(0, 9000)) == 8000


def test_long_files_are_looked_at_in_parts_and_unsound_ones_are_named(tmp_path, monkeypatch):
    source = tmp_path / "data"
    source.mkdir()
    waves = {"good": noise(4000), "nan": np.full(4000, np.nan), "short": noise(4000)}
    for name, wave in waves.items():
        soundfile.write(source / f"{name}.wav", wave, 8000, subtype="FLOAT")
    (source / "short.wav").write_bytes((source / "short.wav").read_bytes()[:-4000])
    monkeypatch.setattr(decoding, "_read", lambda *args: pytest.fail("it was decoded whole"))
    pipeline = AudioWindows(source, 8000, 100, 2, cache=False, skip_ratio=1.0)
    pipeline.prepare()
    assert [name for name, _ in pipeline.skipped] == ["nan.wav", "short.wav"]
    assert ["not finite" in r or "truncated" in r for _, r in pipeline.skipped] == [True, True]
    np.testing.assert_array_equal(pipeline.shapes, [[4000]])


def test_a_window_of_a_long_file_reads_no_more_than_it_shows(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "long.flac", noise(100 * RATE), RATE)
    pipeline = AudioWindows(tmp_path, RATE, 500, 1, cache=False).prepare()
    read, frames = soundfile.SoundFile.read, []

    def counted(sound, count, *args, **kwargs):
        frames.append(count)
        return read(sound, count, *args, **kwargs)

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    elements(pipeline, 3)
    assert set(frames) == {500}
    frames.clear()
    list(pipeline.examples(pipeline.items, max_length=70))
    assert frames == [70]


def test_batches_hold_a_budget_of_padded_samples():
    lengths = np.random.default_rng(0).integers(1, 2 * SAMPLES // 10, 300)
    lengths[[3, 7]] = SAMPLES, SAMPLES + 1
    order, group, sizes = by_length(lengths)
    assert sorted(order) == [i for i in range(300) if i != 7]
    padded = [lengths[order[group == i]].max() * size for i, size in enumerate(sizes)]
    assert max(padded) <= SAMPLES
    assert len(sizes) < 2 * lengths.sum() / SAMPLES


def test_numbered_examples_are_those_of_their_items_and_leave_long_ones_out():
    clips = [np.full(n, i + 1, np.float32) for i, n in enumerate([300, SAMPLES + 1, 70, SAMPLES])]
    pipeline = AudioWindows(clips, RATE, 50, 1)
    examples, long = pipeline.numbered_examples(pipeline.open(clips))
    assert long.tolist() == [1]
    found = []
    for numbers, batch in examples:
        for i, wave, mask in zip(numbers, batch["waveform"], batch["padding_mask"], strict=True):
            found.append(int(i))
            np.testing.assert_array_equal(wave[mask > 0], clips[i])
    assert sorted(found) == [0, 2, 3]
    assert [len(numbers) for numbers, _ in examples] == [2, 1]
