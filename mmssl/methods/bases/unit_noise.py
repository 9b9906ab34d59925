"""What units are drawn as, from standard normal noise that is part of the batch."""

import math
from typing import Literal

from keras import ops

Corruption = Literal["masking", "salt_and_pepper", "gaussian"]


def chances(noise):
    """Turns standard normal noise into uniform noise, by its distribution function."""
    return 0.5 * (1.0 + ops.erf(noise / math.sqrt(2.0)))


def drawn(probabilities, noise):
    """Draws binary states, 1 with the given probabilities.

    Args:
        probabilities: float32 (...), in [0, 1].
        noise: float32 (...), standard normal.

    Returns:
        float32 (...), 0 or 1, without gradient.
    """
    return ops.cast(chances(noise) < ops.stop_gradient(probabilities), "float32")


def corrupted(values, noise, corruption: Corruption, amount):
    """Corrupts values in [0, 1], each by itself.

    Args:
        values: float32 (...).
        noise: float32 (...), standard normal.
        corruption: `masking` sets values to 0, `salt_and_pepper` to 0 or 1 alike, `gaussian` adds
            noise.
        amount: share of the values, or the noise's standard deviation.

    Returns:
        float32 (...).
    """
    if corruption == "gaussian":
        return values + amount * noise
    chance = chances(noise)
    salt = 1.0 if corruption == "salt_and_pepper" else 0.0
    low = ops.where(chance < amount, 0.0, values)
    return ops.where(chance < 0.5 * amount, salt, low)
