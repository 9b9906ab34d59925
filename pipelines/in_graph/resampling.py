"""Conversion of sound between sample rates in TensorFlow, exactly as `audio.resampling` does it."""

import math

import numpy as np
import tensorflow as tf

from mmssl.pipelines.audio.resampling import BETA, BLOCK, FLAT, ODD_BLOCK, PERIOD, REACH

# Weights that are computed for rates whose weights hardly repeat: some ten seconds of one core.
_ODD_WORK = 2**27
_TOO_ODD = (
    "its sample rate has next to no common divisor with the model's, and it is too long to be "
    "converted: send it at 8000, 16000, 22050, 44100 or 48000 Hz"
)


def resampled(wave, rate, sample_rate):
    """Converts a waveform to another sample rate; the result is that of `audio.resampling`.

    Args:
        wave: float32 tensor (T,); silence is all around it.
        rate: int64 scalar tensor, samples per second of `wave`, above 0.
        sample_rate: int, samples per second of the result.

    Returns:
        float32 tensor (ceil(T x sample_rate / rate),).
    """
    same = (rate == sample_rate) | (tf.size(wave) == 0)
    return tf.cond(same, lambda: wave, lambda: _converted(wave, rate, sample_rate))


def _converted(wave, rate, sample_rate):
    common = _common_divisor(rate, tf.constant(sample_rate, tf.int64))
    up, down = sample_rate // common, rate // common
    stretch = tf.maximum(tf.constant(1.0, tf.float64), down / up)
    margin = tf.cast(tf.math.ceil(REACH * stretch), tf.int64)
    repeats = up <= PERIOD
    block = tf.where(repeats, up * _rounded_up(BLOCK, up), ODD_BLOCK)
    span = _rounded_up(block * down, up) + 2 * margin + 1
    length = _rounded_up(tf.size(wave, tf.int64) * up, down)
    starts = tf.range(_rounded_up(length, block), dtype=tf.int64) * block * down
    first, phases = starts // up, starts % up
    padded = _padded(wave, margin, first[-1] + span)

    def weights(phase):
        return _weights(phase, up, down, stretch, margin, block, span)

    def together():
        frames = tf.gather(padded, first[:, tf.newaxis] + tf.range(span))
        return frames @ weights(tf.constant(0, tf.int64))

    def one_by_one():
        with tf.control_dependencies([tf.Assert(length * span <= _ODD_WORK, [_TOO_ODD])]):
            places = tf.stack([first, phases], axis=1)
        return tf.map_fn(
            lambda place: tf.linalg.matvec(
                weights(place[1]), padded[place[0] : place[0] + span], transpose_a=True
            ),
            places,
            fn_output_signature=tf.TensorSpec([ODD_BLOCK], tf.float64),
            parallel_iterations=1,
        )

    blocks = tf.cond(repeats, together, one_by_one)
    return tf.cast(tf.reshape(blocks, [-1])[:length], tf.float32)


def _weights(phase, up, down, stretch, margin, block, span):
    """See `audio.resampling.weights`."""
    offsets = tf.cast(phase + tf.range(block, dtype=tf.int64) * down, tf.float64)
    position = tf.cast(margin, tf.float64) + offsets / tf.cast(up, tf.float64)
    inputs = tf.cast(tf.range(span, dtype=tf.int64), tf.float64)
    away = (inputs[:, tf.newaxis] - position) / stretch
    inside = tf.maximum(1.0 - (away / REACH) ** 2, 0.0)
    window = tf.where(
        inside > 0.0, tf.math.bessel_i0(BETA * tf.sqrt(inside)) / np.i0(BETA), tf.zeros_like(inside)
    )
    cutoff = (1 + FLAT) / 2
    return window * _sinc(cutoff * away) * cutoff / stretch


def _sinc(x):
    angle = math.pi * tf.where(x == 0.0, tf.constant(1e-20, tf.float64), x)
    return tf.sin(angle) / angle


def _padded(wave, margin, size):
    before = tf.zeros([margin], tf.float64)
    wave = tf.cast(wave, tf.float64)[: size - margin]
    after = tf.zeros([size - margin - tf.size(wave, tf.int64)], tf.float64)
    return tf.concat([before, wave, after], axis=0)


def _rounded_up(numerator, denominator):
    return -(-numerator // denominator)


def _common_divisor(a, b):
    return tf.while_loop(lambda a, b: b > 0, lambda a, b: (b, a % b), (a, b))[0]
