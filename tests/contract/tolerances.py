"""How far two ways to the same figure may be apart: multiples of rounding, relative to its scale.

Processors, libraries and backends add up in other orders; each order rounds elsewhere.
"""

import numpy as np

FLOAT32 = float(np.finfo("float32").eps)
BFLOAT16 = 2.0**-8

REPLICAS = 100 * FLOAT32  # losses and weights, of the largest
REPLICAS_MOVED = 2000 * FLOAT32  # of the way that the weights went
BACKENDS = 2000 * FLOAT32  # losses
BACKENDS_MOVED = 5000 * FLOAT32  # of the way that the weights went
EXPORT = 800 * FLOAT32
PADDING = 100 * FLOAT32
PRECISIONS = 12 * BFLOAT16  # losses
PRECISIONS_MOVED = 128 * BFLOAT16  # of the way that a teacher went


def assert_close(got, expected, tolerance, floor=0.0):
    """Compares arrays by their largest difference, relative to the largest value.

    Args:
        got: array.
        expected: array of the same shape.
        tolerance: one of those above.
        floor: the least that the scale is taken for, where values may pass through 0.
    """
    got, expected = np.asarray(got, "float64"), np.asarray(expected, "float64")
    scale = max(np.abs(expected).max(), floor)
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * scale)


def assert_same_way(got, expected, tolerance):
    """Compares how far weights have moved, all of them together.

    Args:
        got: array, the changes of all weights.
        expected: array of the same shape.
        tolerance: one of those above.
    """
    apart = np.linalg.norm(got - expected) / np.linalg.norm(expected)
    assert apart < tolerance, f"the weights went {apart:.2g} of their way apart"
