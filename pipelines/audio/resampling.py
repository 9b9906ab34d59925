"""Conversion of sound between sample rates, by one filter in Python and in exported graphs.

A sinc with a Kaiser window, as soxr's high quality: flat up to 0.913 of the lower rate's Nyquist
frequency, gone at all of it. Sums are in double precision, so that a waveform rounded to float32
is the same whoever adds it up; see `in_graph.resampling`.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

FLAT = 0.913  # of the lower Nyquist frequency
_ATTENUATION = 134.0  # dB beyond it
BETA = 0.1102 * (_ATTENUATION - 8.7)  # of the window (Kaiser & Schafer 1980)
# Samples of the lower rate that the filter reaches to each side.
REACH = (_ATTENUATION - 7.95) / (2.285 * math.pi * (1 - FLAT)) / 2
PERIOD = 1024  # outputs after which the weights repeat, up to which that is made use of
BLOCK, ODD_BLOCK = 128, 16  # outputs made by one product of matrices, and where weights differ
_TOGETHER = 2**22  # numbers of the inputs of blocks that are made at once


@dataclass(frozen=True)
class Plan:
    """How a waveform is cut into blocks; all numbers are exact.

    Attributes:
        up: output samples, and
        down: input samples, of the same time, in lowest terms.
        stretch: input samples of one sample of the lower rate.
        margin: input samples that the filter needs to each side of a position.
        block: output samples of a block.
        span: input samples that a block is made of.
        repeats: whether all blocks have the same weights.
    """

    up: int
    down: int
    stretch: float
    margin: int
    block: int
    span: int
    repeats: bool

    @classmethod
    def between(cls, rate, sample_rate):
        """Plans the conversion from a rate to another, ints above 0 (samples per second)."""
        common = math.gcd(rate, sample_rate)
        up, down = sample_rate // common, rate // common
        stretch = max(1.0, down / up)
        margin = math.ceil(REACH * stretch)
        repeats = up <= PERIOD
        block = up * -(-BLOCK // up) if repeats else ODD_BLOCK
        span = -(-block * down // up) + 2 * margin + 1
        return cls(up, down, stretch, margin, block, span, repeats)


def resampled(wave, rate, sample_rate):
    """Converts a waveform to another sample rate.

    Args:
        wave: float array (T,); silence is all around it.
        rate: int, samples per second of `wave`, above 0.
        sample_rate: int, samples per second of the result, above 0.

    Returns:
        float32 array (ceil(T x sample_rate / rate),).
    """
    if rate == sample_rate or len(wave) == 0:
        return np.asarray(wave, np.float32)
    plan = Plan.between(rate, sample_rate)
    length = -(-len(wave) * plan.up // plan.down)
    starts = np.arange(-(-length // plan.block)) * plan.block * plan.down
    first, phases = np.divmod(starts, plan.up)
    padded = np.zeros(first[-1] + plan.span)
    end = min(len(wave), len(padded) - plan.margin)
    padded[plan.margin : plan.margin + end] = wave[:end]
    frames = np.lib.stride_tricks.sliding_window_view(padded, plan.span)
    blocks = np.empty((len(first), plan.block), np.float32)
    many = max(1, _TOGETHER // plan.span) if plan.repeats else 1
    for at in range(0, len(first), many):
        some = slice(at, at + many)
        matrix = _repeated(rate, sample_rate) if plan.repeats else weights(plan, int(phases[at]))
        blocks[some] = frames[first[some]] @ matrix
    return blocks.reshape(-1)[:length]


def weights(plan, phase):
    """Returns the weight of each input sample of a block in each of its outputs.

    Args:
        plan: Plan.
        phase: int below `plan.up`, by how much of an input sample, times `plan.up`, the first
            output lies behind the input sample `plan.margin` of the block.

    Returns:
        float64 array (span, block).
    """
    position = plan.margin + (phase + np.arange(plan.block) * plan.down) / plan.up
    away = (np.arange(plan.span)[:, np.newaxis] - position) / plan.stretch
    inside = np.maximum(1.0 - (away / REACH) ** 2, 0.0)
    window = np.where(inside > 0.0, np.i0(BETA * np.sqrt(inside)) / np.i0(BETA), 0.0)
    cutoff = (1 + FLAT) / 2
    return window * np.sinc(cutoff * away) * cutoff / plan.stretch


@functools.lru_cache(16)
def _repeated(rate, sample_rate):
    return weights(Plan.between(rate, sample_rate), 0)
