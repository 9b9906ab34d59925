"""Degradation of pictures, for methods that undo it: noise, fewer pixels, rain, lines."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import tensorflow as tf

LEVELS = 255.0  # gray levels, in which noise is measured
DROP = 7  # pixels that the longest streak of rain reaches to either side of its middle
TILT = math.pi / 6  # of rain, at most
DROPS = (0.003, 0.02)  # share of the pixels in which a streak has its middle
BRIGHTNESS = (0.4, 0.8)  # that a streak adds
PIXELS_PER_LINE = 12  # of a picture's side
LINE = (1.0, 3.0)  # pixels of a line's width
NAMES = "denoise_SIGMA (1 to 255 gray levels), upscale_SCALE (2, 3 or 4), derain and inpaint"


@dataclass(frozen=True)
class Degradation:
    """A degradation that is to be undone, under the name of the task.

    Attributes:
        name: such as `"denoise_30"` or `"upscale_2"`.
        scale: how many times as large the clean picture's sides are.
        apply: function (clean float32 (S, S, 3) in [0, 1], key int64 (2,)) to the degraded picture
            (S / scale, S / scale, 3) in [0, 1].
    """

    name: str
    scale: int
    apply: Callable


def degradation(name):
    """Returns the degradation that a task undoes.

    Args:
        name: `denoise_SIGMA`, `upscale_SCALE`, `derain` or `inpaint`.

    Raises:
        ValueError: there is no such task.
    """
    found = re.fullmatch(r"(denoise|upscale)_([1-9]\d*)", name)
    kind, number = (found[1], int(found[2])) if found else (name, 0)
    if kind == "denoise" and 0 < number <= LEVELS:
        return Degradation(name, 1, partial(noisy, sigma=number))
    if kind == "upscale" and number in (2, 3, 4):
        return Degradation(name, number, partial(smaller, scale=number))
    if name in ("derain", "inpaint"):
        return Degradation(name, 1, rainy if name == "derain" else crossed_out)
    raise ValueError(f"there is no task {name!r}: tasks are {NAMES}")


def noisy(clean, key, sigma):
    """Adds Gaussian noise, within what a file can hold.

    Args:
        clean: float32 tensor of any shape, in [0, 1].
        key: int64 (2,), the seed.
        sigma: standard deviation in gray levels, of 255.

    Returns:
        float32 tensor of the same shape, in [0, 1].
    """
    noise = tf.random.stateless_normal(tf.shape(clean), key)
    return tf.clip_by_value(clean + sigma / LEVELS * noise, 0.0, 1.0)


def smaller(clean, key, scale):
    """Shrinks a picture by bicubic interpolation (Keys 1981, a = -1/2) with antialiasing.

    Args:
        clean: float32 tensor (S, S, 3) in [0, 1], S a multiple of `scale`.
        key: int64 (2,), not used: nothing is left to chance.
        scale: how many times as small the sides become.

    Returns:
        float32 tensor (S / scale, S / scale, 3) in [0, 1].
    """
    sides = [side // scale for side in clean.shape[:2]]
    resized = tf.image.resize(clean, sides, "bicubic", antialias=True)
    return tf.clip_by_value(resized, 0.0, 1.0)


def rainy(clean, key):
    """Adds streaks of rain: drops at random places, blurred along one direction.

    Direction, length, number and brightness are one draw a picture.

    Args:
        clean: float32 tensor (S, S, 3) in [0, 1].
        key: int64 (2,), the seed.

    Returns:
        float32 tensor (S, S, 3) in [0, 1].
    """
    kind_key, drop_key = tf.unstack(tf.random.experimental.stateless_split(key, 2))
    tilt, length, share, light = tf.unstack(tf.random.stateless_uniform([4], kind_key))
    drops = tf.random.stateless_uniform([1, *clean.shape[:2], 1], drop_key)
    drops = tf.cast(drops < _between(DROPS, share), tf.float32)
    streak = _streak((2 * tilt - 1) * TILT, _between((DROP / 2, DROP), length))
    streaks = tf.nn.conv2d(drops, streak[:, :, None, None], 1, "SAME")[0]
    added = _between(BRIGHTNESS, light) * tf.minimum(streaks, 1.0)
    return tf.minimum(clean + added, 1.0)


def crossed_out(clean, key):
    """Draws black lines through a picture, from border to border, one for every 12 of its pixels.

    Args:
        clean: float32 tensor (S, S, 3) in [0, 1].
        key: int64 (2,), the seed.

    Returns:
        float32 tensor (S, S, 3) in [0, 1].
    """
    height, width, _ = clean.shape
    count = max(1, round(max(height, width) / PIXELS_PER_LINE))
    draws = tf.random.stateless_uniform([4, count, 1, 1], key)
    angle, thick = draws[0] * math.pi, _between(LINE, draws[1])
    rows = tf.range(height, dtype=tf.float32)[:, None] - draws[2] * height
    columns = tf.range(width, dtype=tf.float32)[None] - draws[3] * width
    apart = tf.abs(rows * tf.cos(angle) - columns * tf.sin(angle))
    hidden = tf.reduce_any(apart < thick / 2, axis=0)
    return tf.where(hidden[..., None], 0.0, clean)


def _between(bounds, share):
    low, high = bounds
    return low + (high - low) * share


def _streak(tilt, reach):
    """A line of one pixel's width, float32 (2 DROP + 1, 2 DROP + 1)."""
    steps = tf.range(-DROP, DROP + 1, dtype=tf.float32)
    down, right = steps[:, None], steps[None]
    across = down * tf.sin(tilt) - right * tf.cos(tilt)
    along = down * tf.cos(tilt) + right * tf.sin(tilt)
    return tf.nn.relu(1.0 - tf.abs(across)) * tf.cast(tf.abs(along) <= reach, tf.float32)
