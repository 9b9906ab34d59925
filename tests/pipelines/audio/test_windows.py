"""Windows of sound: crops, joins, padding."""

import numpy as np
import pytest
import soundfile

from mmssl.pipelines.audio import AudioWindows
from mmssl.pipelines.audio import windows as module
from tests.pipelines.elements import elements

RATE = 8000


def clips(lengths):
    """Clips whose samples tell their clip and place: clip i holds i + (1 ... length) / 1000."""
    return [i + np.arange(1, n + 1, dtype=np.float32) / 1000 for i, n in enumerate(lengths)]


def write(folder, arrays, rate=RATE):
    folder.mkdir()
    for i, array in enumerate(arrays):
        soundfile.write(folder / f"{i:02d}.wav", array, rate, subtype="FLOAT")
    return folder


def windows(pipeline, batches, **kwargs):
    found = elements(pipeline, batches, **kwargs)
    return found["waveform"], found["padding_mask"]


def runs(wave):
    """Splits a window into (clip, first sample, last sample) by what `clips` wrote into it."""
    thousandths = np.round(wave * 1000).astype(int)
    cuts = np.flatnonzero(np.diff(thousandths) != 1) + 1
    return [(p[0] // 1000, p[0] % 1000, p[-1] % 1000) for p in np.split(thousandths, cuts)]


@pytest.mark.parametrize("cache", [True, False])
def test_short_clips_are_joined_whole_and_only_the_last_is_cut(tmp_path, cache):
    lengths = [30, 47, 12, 60, 25, 100]
    source = write(tmp_path / "data", clips(lengths))
    pipeline = AudioWindows(source, RATE, 100, 6, cache=cache)
    waves, masks = windows(pipeline, 20)
    assert masks.min() == 1
    for wave in waves:
        *whole, last = runs(wave)
        assert all((a, b) == (1, lengths[clip]) for clip, a, b in whole)
        assert last[1] == 1
        assert len(whole) >= 1 or lengths[last[0]] == 100


def test_cached_and_read_each_time_are_the_same(tmp_path):
    source = write(tmp_path / "data", clips([30, 470, 12, 160, 25]))
    kept, read = (AudioWindows(source, RATE, 100, 5, cache=cache) for cache in (True, False))
    for a, b in zip(windows(kept, 10, seed=4), windows(read, 10, seed=4), strict=True):
        np.testing.assert_array_equal(a, b)


def test_long_clips_are_cropped_uniformly():
    pipeline = AudioWindows(clips([110]), RATE, 100, 1)
    waves, _ = windows(pipeline, 550)
    starts = []
    for wave in waves:
        [(_, first, last)] = runs(wave)
        assert last - first == 99
        starts.append(first)
    counts = np.bincount(starts, minlength=12)[1:]
    assert len(counts) == 11
    assert ((counts - 50) ** 2 / 50).sum() < 29.6  # chi-square, 10 degrees, p = 0.001


@pytest.mark.parametrize("in_files", [True, False])
def test_excerpts_of_long_clips_begin_elsewhere_each_time_and_short_ones_are_whole(
    tmp_path, monkeypatch, in_files
):
    monkeypatch.setattr(module, "EXCERPT", 100)
    waves = clips([700, 40])
    pipeline = AudioWindows(write(tmp_path / "data", waves) if in_files else waves, RATE, 20, 1)
    source, order = pipeline.open(pipeline.source), [0, 1, 0, 0]
    [batch] = pipeline.excerpts(source, order, 4, seed=3).as_numpy_iterator()
    assert batch["padding_mask"].sum(axis=1).tolist() == [100, 40, 100, 100]
    shown = [
        runs(w[: int(m.sum())])
        for w, m in zip(batch["waveform"], batch["padding_mask"], strict=True)
    ]
    assert shown[1] == [(1, 1, 40)]
    starts = [shown[i][0][1] for i in (0, 2, 3)]
    assert [shown[i] for i in (0, 2, 3)] == [[(0, start, start + 99)] for start in starts]
    assert len(set(starts)) == 3
    [again] = pipeline.excerpts(source, order, 4, seed=3).as_numpy_iterator()
    np.testing.assert_array_equal(again["waveform"], batch["waveform"])


def test_an_epoch_visits_clips_by_their_length_and_each_at_least_once():
    pipeline = AudioWindows(clips([400, 200, 20]), RATE, 100, 7).prepare()
    assert len(pipeline) == 1
    waves, _ = windows(pipeline, 10)
    first = [runs(wave)[0][0] for wave in waves]
    assert np.bincount(first).tolist() == [40, 20, 10]


def test_short_clips_are_padded_with_a_mask():
    pipeline = AudioWindows(clips([40, 150, 100]), RATE, 100, 3, short="pad")
    waves, masks = windows(pipeline, 10)
    sound = masks.sum(axis=1)
    assert sorted(set(sound)) == [40, 100]
    for wave, mask, count in zip(waves, masks, sound, strict=True):
        assert mask[:count].all()
        assert not wave[count:].any()
        [(_, first, last)] = runs(wave[:count])
        assert last - first == count - 1


def test_should_chance_draw_only_the_shortest_the_longest_fills_the_window():
    pipeline = AudioWindows(clips([1] * 50 + [100]), RATE, 100, 1)
    waves, masks = windows(pipeline, 100)
    assert masks.min() == 1
    assert (waves > 0).all()


@pytest.mark.parametrize("calls", [1, 6])
def test_the_number_of_parallel_calls_changes_nothing(calls):
    source = clips([30, 47, 12, 60, 250])
    expected = windows(AudioWindows(source, RATE, 100, 2), 20, seed=1)
    actual = windows(AudioWindows(source, RATE, 100, 2, num_parallel_calls=calls), 20, seed=1)
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_starting_at_a_step_equals_skipping_to_it():
    pipeline = AudioWindows(clips([30, 47, 12, 60, 250]), RATE, 100, 2)
    np.testing.assert_array_equal(
        windows(pipeline, 3, start_step=8)[0], windows(pipeline, 11)[0][16:]
    )


def test_batches_are_float_and_int_of_static_shape():
    spec = AudioWindows(clips([300]), RATE, 100, 2).batches().element_spec
    assert (spec["waveform"].shape, spec["waveform"].dtype.name) == ((2, 100), "float32")
    assert (spec["padding_mask"].shape, spec["padding_mask"].dtype.name) == ((2, 100), "int32")


def test_examples_are_padded_to_the_longest_of_their_batch():
    lengths = [30, 47, 12, 60, 25]
    pipeline = AudioWindows("nowhere", RATE)
    source = pipeline.open(clips(lengths))
    parts = list(pipeline.examples(source, batch_size=2).as_numpy_iterator())
    assert [part["waveform"].shape for part in parts] == [(2, 47), (2, 60), (1, 25)]
    assert np.concatenate([p["padding_mask"].sum(axis=1) for p in parts]).tolist() == lengths
    cut = list(pipeline.examples(source, max_length=20).as_numpy_iterator())
    assert cut[0]["waveform"].shape == (5, 20)
    assert cut[0]["padding_mask"].sum(axis=1).tolist() == [20, 20, 12, 20, 20]


def test_every_clip_comes_at_the_recipes_rate(tmp_path):
    source = write(tmp_path / "data", [np.zeros(1600), np.zeros(3200)], rate=16000)
    pipeline = AudioWindows(source, RATE, 400, 1)
    pipeline.prepare()
    assert pipeline.shapes[:, 0].tolist() == [800, 1600]
    wave, rate = pipeline.preview(pipeline.items, 1)
    assert (wave.shape, rate) == ((1600,), RATE)


def test_an_archive_is_converted_from_the_rate_it_states(tmp_path):
    np.savez(tmp_path / "a.npz", waveform=np.zeros((3, 1600)), sample_rate=16000)
    pipeline = AudioWindows(tmp_path / "a.npz", RATE, 400, 1)
    pipeline.prepare()
    assert pipeline.shapes[:, 0].tolist() == [800] * 3


def test_empty_and_damaged_files_are_skipped_and_named(tmp_path):
    source = write(tmp_path / "data", [np.ones(50, np.float32)] * 300)
    (source / "07.wav").write_bytes(b"")
    (source / "09.wav").write_bytes((source / "10.wav").read_bytes()[:60])
    soundfile.write(source / "11.wav", np.zeros(0), RATE, subtype="FLOAT")
    pipeline = AudioWindows(source, RATE, 50, 2)
    pipeline.prepare(tmp_path / "run")
    assert [name for name, _ in pipeline.skipped] == ["07.wav", "09.wav", "11.wav"]
    assert pipeline.skipped[2][1] == "it has no samples"
    assert len((tmp_path / "run" / "skipped.txt").read_text().splitlines()) == 3


@pytest.mark.parametrize("short", ["pad", "join"])
def test_a_window_longer_than_every_clip_is_refused_with_both_lengths(short):
    with pytest.raises(ValueError, match=r"window=100 is .* the longest of which has 60"):
        AudioWindows(clips([30, 60, 50]), RATE, 100, 1, short=short).prepare()
