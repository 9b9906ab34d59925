"""Near duplicates, found by sketches: vectors that small changes of an item hardly turn."""

import numpy as np

SIZE = 256  # entries of a sketch


def sketch(values):
    """Makes a sketch, which neither brightness nor contrast, neither level nor length changes.

    Args:
        values: array of 256 entries, such as the gray levels of a small picture (16, 16) or the
            levels of a sound over time.

    Returns:
        float array (256,) of mean 0 and length 1, or of zeros where all values are equal.
    """
    centered = np.asarray(values, float).reshape(SIZE)
    centered = centered - centered.mean()
    length = np.linalg.norm(centered)
    return centered / length if length > 1e-9 else np.zeros(SIZE)


def near_duplicates(sketches, near):
    """Counts the sketches that are nearly equal to an earlier one.

    Args:
        sketches: list of arrays returned by `sketch`.
        near: cosine from which on two items count as copies, 0 to 1.

    Returns:
        int.
    """
    if len(sketches) < 2:
        return 0
    cosines = np.tril(np.stack(sketches) @ np.stack(sketches).T, -1)
    return int((cosines >= near).any(axis=1).sum())
