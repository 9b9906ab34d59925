"""Distances of spectrograms: the formula, and gradients where nothing is wrong."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.losses.multispectral import multispectral_distance, multispectral_norm
from tests.tolerances import NETWORK, SUM, assert_close

SIZES = ((64, 8, 40), (32, 4, 20))


def waves(seed=0, length=200):
    return np.random.default_rng(seed).normal(0, 0.1, (3, length)).astype("float32")


def magnitudes(wave, transform, hop, window):
    """The transform as textbooks have it: a periodic Hann window in the middle of each frame."""
    padded = np.pad(wave.astype("float64"), transform // 2, mode="reflect")
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    before = (transform - window) // 2
    shape = np.pad(hann, (before, transform - window - before))
    starts = range(0, len(padded) - transform + 1, hop)
    return np.stack([np.abs(np.fft.rfft(padded[s : s + transform] * shape)) for s in starts])


def expected(x, y):
    apart = [np.linalg.norm(magnitudes(x, *size) - magnitudes(y, *size)) for size in SIZES]
    return np.mean(apart)


def test_it_is_the_mean_distance_of_magnitudes_over_the_resolutions():
    x, y = waves(0), waves(1)
    found = multispectral_distance(x, y, SIZES)
    assert_close(found, [expected(a, b) for a, b in zip(x, y, strict=True)], NETWORK)


def test_the_norm_is_the_distance_from_silence():
    x = waves()
    distances = [expected(a, np.zeros_like(a)) for a in x]
    assert_close(multispectral_norm(x, SIZES), distances, NETWORK)


def test_a_shift_of_phase_is_not_heard_and_a_louder_copy_is():
    x = waves()
    assert float(multispectral_distance(x, -x, SIZES)[0]) < 0.01 * float(
        multispectral_distance(x, 2 * x, SIZES)[0]
    )


@pytest.mark.parametrize("silent", [True, False])
def test_the_gradient_is_finite_where_nothing_is_wrong(silent):
    x = tf.constant(np.zeros_like(waves()) if silent else waves())
    with tf.GradientTape() as tape:
        tape.watch(x)
        distance = tf.reduce_mean(multispectral_distance(tf.identity(x), x, SIZES))
    gradient = tape.gradient(distance, x)
    assert np.isfinite(gradient).all()
    assert_close(distance, 1e-4, SUM, scale=1.0)
