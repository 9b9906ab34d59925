"""The resampler of the pipeline, and the same in a graph, bit for bit."""

import numpy as np
import pytest
import soxr
import tensorflow as tf

from mmssl.pipelines.audio.resampling import resampled
from mmssl.pipelines.in_graph import resampling
from tests.pipelines.in_graph.conftest import refusal
from tests.tolerances import assert_within

TO = 8000
# Of a tone of amplitude 0.3: soxr's high quality, which is good to 20 bits, and the exact tone.
SOXR, EXACT = 1e-6, 1e-7

in_graph = tf.function(
    lambda wave, rate: resampling.resampled(wave, rate, TO),
    [tf.TensorSpec([None]), tf.TensorSpec([], tf.int64)],
)


def noise(samples):
    return np.random.default_rng(0).uniform(-0.9, 0.9, samples).astype("float32")


def tone(rate, pitch=440.0):
    return (0.3 * np.sin(2 * np.pi * pitch * np.arange(rate) / rate)).astype("float32")


@pytest.mark.parametrize("rate", [44100, 48000, 16000, 11025, 8000, 4000, 125, 7999, 44056])
@pytest.mark.parametrize("samples", [1, 2, 500])
def test_the_graph_gives_the_very_numbers_of_the_pipeline(rate, samples):
    wave = noise(samples)
    expected = resampled(wave, rate, TO)
    assert len(expected) == -(-samples * TO // rate)
    np.testing.assert_array_equal(in_graph(wave, rate), expected)


def test_a_long_wave_is_converted_in_several_parts(monkeypatch):
    whole = resampled(noise(40_000), 44100, TO)
    monkeypatch.setattr("mmssl.pipelines.audio.resampling._TOGETHER", 1)
    np.testing.assert_array_equal(resampled(noise(40_000), 44100, TO), whole)


@pytest.mark.parametrize("rate", [44100, 48000, 16000, 22050, 4000])
def test_a_tone_is_that_tone_and_what_soxr_makes_of_it(rate):
    inner = slice(1000, -1000)  # a tone that begins is no tone
    found = resampled(tone(rate), rate, TO)
    assert_within(found[inner], tone(TO)[inner], EXACT)
    assert_within(found[inner], soxr.resample(tone(rate), rate, TO, "HQ")[inner], SOXR)


def test_what_the_lower_rate_cannot_hold_is_gone():
    found = resampled(tone(44100, 4010.0), 44100, TO)
    assert_within(found[1000:-1000], 0.0, SOXR)


def test_the_edges_are_those_of_silence_around_it():
    wave = noise(2000)
    padded = np.pad(wave, 882)  # 160 samples at 8 kHz
    np.testing.assert_array_equal(resampled(padded, 44100, TO)[160:523], resampled(wave, 44100, TO))


def test_an_odd_rate_that_would_take_minutes_is_refused(monkeypatch):
    monkeypatch.setattr(resampling, "_ODD_WORK", 1000)
    convert = tf.function(lambda wave: resampling.resampled(wave, tf.constant(7999, tf.int64), TO))
    assert "send it at 8000, 16000" in refusal(convert, noise(500))
