"""Data that need no download."""

import functools
import hashlib

import numpy as np
import pytest

from mmssl.pipelines.sources import (
    builtin_docs,
    builtin_motion,
    builtin_photos,
    builtin_speech,
    open_source,
)
from tests.tolerances import mean_margin

MODULES = (builtin_docs, builtin_motion, builtin_photos, builtin_speech)


@functools.cache
def made(module):
    return module.make()


@pytest.mark.parametrize("module", MODULES)
def test_every_call_makes_the_same_data(module):
    first, second = made(module), module.make()
    assert all(np.array_equal(a, b) for a, b in zip(first[0], second[0], strict=True))
    assert first[1].keys() == second[1].keys()
    assert all((first[1][name] == second[1][name]).all() for name in first[1])


@pytest.mark.parametrize("module", MODULES)
def test_names_are_unique_and_every_label_has_training_and_test_items(module):
    data, columns, _ = made(module)
    assert len(set(columns["name"])) == len(data)
    for name in columns.keys() - {"name", "split"}:
        for label in set(columns[name]):
            splits = columns["split"][columns[name] == label]
            assert set(splits) == {"train", "test"}


def test_speech_lasts_as_long_as_promised_and_is_heard():
    clips, columns, rate = made(builtin_speech)
    seconds = np.array([len(clip) for clip in clips]) / rate
    assert rate == 8000
    assert 300 <= len(clips) <= 999
    assert seconds.min() >= 0.3
    assert seconds.max() <= 1.4
    assert all(clip.dtype == np.float32 and 0.25 < np.abs(clip).max() < 1 for clip in clips)
    assert len(set(columns["speaker"])) == 8
    assert len(set(columns["sound"])) == 12


def test_a_voice_has_its_pitch_and_a_vowel_its_formant():
    clips, columns, rate = made(builtin_speech)

    def peak(clip, low, high):
        spectrum = np.abs(np.fft.rfft(clip * np.hanning(len(clip)), 2**14))
        bins = slice(int(low * 2**14 / rate), int(high * 2**14 / rate))
        return low + np.argmax(spectrum[bins]) * rate / 2**14

    def mean_peak(speaker, sound, low, high):
        chosen = (columns["speaker"] == speaker) & (columns["sound"] == sound)
        return np.mean([peak(clips[i], low, high) for i in np.flatnonzero(chosen)])

    assert 75 < mean_peak("goran", "a", 60, 140) < 95
    assert 200 < mean_peak("fatou", "a", 150, 280) < 245
    assert mean_peak("anders", "a", 400, 1400) > 600 > mean_peak("anders", "u", 200, 1400)


def test_photo_patches_of_one_split_share_no_pixel_with_the_other():
    patches, columns, _ = builtin_photos.make()
    assert patches.shape[1:] == (96, 96, 3)
    assert patches.dtype == np.uint8
    assert set(columns["label"]) == {"china", "flower"}
    left = np.array([int(name.split(" at ")[1].split(",")[0]) for name in columns["name"]])
    assert left[columns["split"] == "train"].max() + 96 <= left[columns["split"] == "test"].min()


def centers(videos):
    """Where the shapes are, complex (N, T) for x and y: the angles of means on the torus."""
    shapes = np.maximum(videos.max(axis=-1).astype("float32") - 140, 0)  # the ground is darker
    turns = np.exp(2j * np.pi * np.arange(builtin_motion.SIZE) / builtin_motion.SIZE)
    across = np.angle((shapes.sum(axis=2) * turns).sum(axis=-1))
    down = np.angle((shapes.sum(axis=3) * turns).sum(axis=-1))
    return np.stack([across, down], axis=-1) * builtin_motion.SIZE / (2 * np.pi)


def steps(videos):
    """How the shapes move from frame to frame, (N, T - 1, 2): x and y in pixels."""
    half = builtin_motion.SIZE / 2
    return (np.diff(centers(videos), axis=1) + half) % builtin_motion.SIZE - half


def test_shapes_move_as_their_label_says():
    videos, columns, _ = made(builtin_motion)
    moved = {label: steps(videos[columns["label"] == label]) for label in set(columns["label"])}
    for label, (x, y) in {"right": (1, 0), "left": (-1, 0), "down": (0, 1), "up": (0, -1)}.items():
        np.testing.assert_array_less(0.5, (moved[label] @ [x, y]).mean(axis=1))
        np.testing.assert_array_less(np.abs(moved[label] @ [y, x]).mean(axis=1), 0.4)
    for label, sense in {"clockwise": 1, "counterclockwise": -1}.items():
        x, y = np.moveaxis(moved[label], -1, 0)
        turned = np.sign((x[:, :-4] * y[:, 4:] - y[:, :-4] * x[:, 4:]).sum(axis=1))
        assert (turned == sense).all()
    for label, axis in {"sideways and back": 0, "up and down": 1}.items():
        net = np.abs(moved[label].sum(axis=1))
        way = np.abs(moved[label]).sum(axis=1)
        assert (way[:, axis] > 4 * way[:, 1 - axis]).all()
        assert np.mean(net[:, axis] < 0.9 * way[:, axis]) > 0.8  # the others turn too late


def test_no_frame_alone_tells_how_a_shape_moves():
    videos, columns, _ = made(builtin_motion)
    middle = videos[:, builtin_motion.FRAMES // 2].astype("float64")
    deviation = middle.std(axis=0)
    for label in set(columns["label"]):
        chosen = columns["label"] == label
        apart = np.abs(middle[chosen].mean(axis=0) - middle.mean(axis=0))
        # Of 3072 pixels a few lie beyond four standard errors.
        assert np.mean(apart > mean_margin(deviation, chosen.sum())) < 0.01


def test_documents_are_prose_about_python():
    texts, columns, _ = made(builtin_docs)
    assert len(texts) > 120
    assert sum(map(len, texts)) > 10**6
    assert min(map(len, texts)) >= 400
    assert 'The "assert" statement' in texts[columns["name"].tolist().index("topic assert")]
    assert "JSON" in texts[columns["name"].tolist().index("json")]
    assert len(set(columns["label"])) == 8


def test_documents_are_parsed_not_run(tmp_path, monkeypatch):
    (tmp_path / "pydoc_data").mkdir()
    (tmp_path / "pydoc_data" / "topics.py").write_text(f"topics = {{'x': {'words ' * 100!r}}}\n")
    body = f'"""{"More words. " * 50}"""\nraise SystemExit\n'
    for name in ("queue", "sched", "heapq", "abc", "glob"):
        (tmp_path / f"{name}.py").write_text(body)
    monkeypatch.setattr(builtin_docs.sysconfig, "get_path", lambda name: str(tmp_path))
    texts, columns, _ = builtin_docs.make()
    assert sorted(columns["name"]) == ["abc", "glob", "heapq", "queue", "sched", "topic x"]
    assert texts[0].startswith("words")
    for file in tmp_path.rglob("*.py"):
        file.unlink()
    with pytest.raises(ValueError, match="needs the source of Python's standard library"):
        builtin_docs.make()


def test_built_in_sources_name_their_items():
    speech = open_source("builtin:speech", (".wav",), label_column="sound")
    assert speech.names[0] == "anders a 0"
    assert speech.sample_rate == 8000
    assert len(set(speech.labels)) == 12
    assert open_source("builtin:speech", (".wav",)).labels is None
    photos = open_source("builtin:photos", (".png",))
    assert set(photos.labels) == {"china", "flower"}
    assert hashlib.sha256(photos.read(0).numpy().tobytes()).hexdigest()
