"""How far two ways to the same figure may be apart in the contract, in roundings of its scale.

Replicas, backends and processors add up in other orders; each order rounds elsewhere.
"""

import numpy as np

from tests.tolerances import NETWORK, SUM, assert_close, rounding

REPLICAS = 2 * SUM  # losses and weights, of the largest
REPLICAS_MOVED = 4 * NETWORK  # of the way that the weights went
BACKENDS = 4 * NETWORK  # losses
BACKENDS_MOVED = 10 * NETWORK  # of the way that the weights went
EXPORT = 2 * NETWORK
PADDING = 2 * SUM
PRECISIONS = 6  # losses, in roundings of bfloat16
PRECISIONS_MOVED = SUM  # of the way that a teacher went, in roundings of bfloat16


def assert_near(got, expected, ulps, least_scale=0.0, dtype="float32"):
    """Compares arrays by their largest difference, relative to the largest value.

    Args:
        got: array.
        expected: array of the same shape.
        ulps: one of those above.
        least_scale: what the scale is taken for at least, where values may pass through 0.
        dtype: the coarser precision of the two.
    """
    scale = max(np.abs(np.asarray(expected)).max(), least_scale)
    assert_close(got, expected, ulps, scale, dtype)


def assert_same_way(got, expected, ulps, dtype="float32"):
    """Compares how far weights have moved, all of them together.

    Args:
        got: array, the changes of all weights.
        expected: array of the same shape.
        ulps: one of those above.
        dtype: the coarser precision of the two.
    """
    length = np.linalg.norm(expected)
    assert_close(np.linalg.norm(got - expected), 0.0, ulps, length, dtype)


def exported(difference):
    """Says whether what an export differs by is rounding."""
    return difference <= EXPORT * rounding()
