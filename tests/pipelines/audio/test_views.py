"""Augmentations of sound against their definitions in NumPy, and two views of every clip."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.audio import AudioViews
from mmssl.pipelines.audio.augmentation import (
    random_frequency_mask,
    random_gain,
    random_noise,
    random_speed,
    random_time_mask,
)
from tests.pipelines.elements import elements
from tests.tolerances import NETWORK, SUM, assert_close, assert_within, multiples

PLAIN = {
    "speed": 1.0,
    **{f"{step}_probability": 0.0 for step in ("frequency_mask", "time_mask", "noise", "gain")},
}


def sound(count=1000, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, count).astype(np.float32)


def draws(*values):
    return tf.constant(values, tf.float32)


def test_gain_is_in_decibels_of_the_amplitude():
    louder = random_gain(sound(), draws(0.2, 0.75), (-12.0, 12.0), 0.5)
    assert_close(louder, sound() * 10 ** (6 / 20), SUM)
    np.testing.assert_array_equal(random_gain(sound(), draws(0.5, 0.75), (-12, 12), 0.5), sound())


def test_noise_is_added_at_the_ratio_drawn():
    noise = 7 * sound(seed=1)
    noisy = random_noise(sound(), noise, draws(0.2, 0.25), (10.0, 30.0), 0.5).numpy()
    added = noisy - sound()
    ratio = 10 * np.log10((sound() ** 2).sum() / (added**2).sum())
    assert_close(ratio, 15, SUM)
    assert np.corrcoef(added, noise)[0, 1] > 0.9999
    np.testing.assert_array_equal(
        random_noise(sound(), noise, draws(0.6, 0.2), (1, 2), 0.5), sound()
    )
    silent = random_noise(np.zeros(5, np.float32), noise[:5], draws(0.0, 0.2), (1, 2), 0.5)
    np.testing.assert_array_equal(silent, np.zeros(5))


def test_a_time_mask_silences_one_span():
    masked = random_time_mask(sound(), draws(0.0, 0.5, 0.4), 0.2, 1.0).numpy()
    expected = sound()
    expected[360:460] = 0  # 100 samples, with 900 left to begin in
    np.testing.assert_array_equal(masked, expected)
    np.testing.assert_array_equal(random_time_mask(sound(), draws(0.5, 1, 0), 1.0, 0.5), sound())


def test_a_frequency_mask_takes_a_band_of_mel_out():
    rate, count = 8000, 1600
    masked = random_frequency_mask(sound(count), draws(0.0, 0.5, 0.5), rate, 0.4, 1.0).numpy()
    mel = 2595 * np.log10(1 + np.fft.rfftfreq(count, 1 / rate) / 700)
    inside = (mel >= 0.4 * mel[-1]) & (mel < 0.6 * mel[-1])
    before, after = np.fft.rfft(sound(count)), np.fft.rfft(masked)
    assert 100 < inside.sum() < 300
    whole = np.abs(before).max()
    assert_close(np.abs(after[inside]), 0, SUM, scale=whole)
    assert_close(np.abs(after - before)[~inside], 0, SUM, scale=whole)
    kept = random_frequency_mask(sound(count), draws(0.5, 0.5, 0.5), rate, 0.4, 0.5)
    np.testing.assert_array_equal(kept, sound(count))


@pytest.mark.parametrize("draw", [0.0, 0.3, 0.5, 0.999])
def test_speed_moves_every_frequency_by_its_factor(draw):
    rate, tone, samples = 8000, 440.0, 4000
    time = np.arange(5000) / rate
    wave = np.sin(2 * np.pi * tone * time).astype(np.float32)
    faster, taken = random_speed(wave, draws(draw), 1.25, samples)
    factor = 1.25 ** (2 * draw - 1)
    assert int(taken) == np.ceil(np.float32(samples * factor))
    shown = faster.numpy()[50:-50]  # what lies beyond the edges is not known to the filter
    # Sample i of the result is the middle of sample i of a grid `factor` as wide.
    places = (np.arange(samples) + 0.5) * int(taken) / samples - 0.5
    expected = np.sin(2 * np.pi * tone * places / rate)[50:-50]
    assert_within(shown, expected, 0.01)


def clips(count=10):
    return [sound(900 + 40 * i, seed=i) for i in range(count)]


def full(**changes):
    return AudioViews(clips(), window=800, batch_size=4, mix_probability=0.5, speed=1.2, **changes)


def test_batches_hold_two_windows_of_static_shape():
    spec = full().batches().element_spec
    assert {name: (part.shape.as_list(), part.dtype) for name, part in spec.items()} == {
        "waveform_1": ([4, 800], tf.float32),
        "padding_mask_1": ([4, 800], tf.int32),
        "waveform_2": ([4, 800], tf.float32),
        "padding_mask_2": ([4, 800], tf.int32),
    }
    views = elements(full(), 2)
    assert all(np.isfinite(view).all() for view in views.values())
    assert multiples(views["waveform_1"], views["waveform_2"]) > NETWORK


def test_without_changes_both_views_are_windows_of_one_clip():
    views = elements(AudioViews(clips(), window=800, batch_size=10, **PLAIN), 1)
    wholes = [clip.tobytes() for clip in clips()]
    for first, second in zip(views["waveform_1"], views["waveform_2"], strict=True):
        homes = [[view.tobytes() in whole for whole in wholes] for view in (first, second)]
        assert homes[0] == homes[1]
        assert sum(homes[0]) == 1
    assert views["padding_mask_1"].all()


def test_without_changes_most_views_are_of_two_windows():
    views = elements(AudioViews(clips(), window=400, batch_size=10, **PLAIN), 1)
    assert (views["waveform_1"] != views["waveform_2"]).any(axis=1).mean() > 0.5


def test_padding_stays_silent_and_is_marked():
    short = [sound(500), sound(1200)]
    pipeline = AudioViews(short, window=1000, batch_size=2, short="pad", speed=1.2)
    views = elements(pipeline, 5)
    lengths = views["padding_mask_1"].sum(axis=1)
    assert set(np.unique(lengths // 100)) <= {4, 5, 6, 10}
    assert lengths.min() < 700
    for wave, length in zip(views["waveform_1"], lengths, strict=True):
        assert not wave[length:].any()
        assert wave[:length].any()


@pytest.mark.parametrize("calls", [1, 5])
def test_the_number_of_parallel_calls_changes_nothing(calls):
    expected = elements(full(), 5, seed=5)
    actual = elements(full(num_parallel_calls=calls), 2, seed=5, start_step=3)
    for name, value in actual.items():
        np.testing.assert_array_equal(value, expected[name][12:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"speed": 0.9}, "speed=0.9"),
        ({"noise_probability": 1.1}, "noise_probability=1.1"),
        ({"time_mask": -0.1}, "time_mask=-0.1"),
        ({"gain_db": (3, -3)}, "gain_db="),
    ],
)
def test_arguments_out_of_range_are_refused_at_once(arguments, message):
    with pytest.raises(ValueError, match=message):
        AudioViews("nowhere", **arguments)


def test_inputs_of_a_trained_encoder_are_those_of_windows():
    pipeline = full()
    batch = next(iter(pipeline.examples(pipeline.open(clips()), 10)))
    assert batch["waveform"].shape == (10, 1260)
    assert batch["padding_mask"].numpy().sum() == sum(len(clip) for clip in clips())
