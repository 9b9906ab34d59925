"""NumPy archives that users bring, without TensorFlow."""

import math
import os

from mmssl.reading import load_arrays

_MAGIC = b"\x93NUMPY"
_SINGLE = "it is a single array; save it with np.savez(path, x=array)"


def read_arrays(path, names=None):
    """Reads the arrays of an archive.

    Args:
        path: `.npz` file.
        names: see `load_arrays`.

    Returns:
        dict of name -> array.

    Raises:
        ValueError: it is no such archive, it is damaged, or an array is one of nothing.
    """
    try:
        arrays = load_arrays(path, names)
    except (ValueError, OSError) as error:
        reason = _SINGLE if _is_single(path) else error
        raise ValueError(f"{path} cannot be read as a NumPy archive: {reason}") from error
    for name, array in arrays.items():
        # A header can state any number of these, which all that counts them would follow.
        if array.ndim and len(array) and not array.nbytes:
            raise ValueError(f"{path} holds {len(array)} items without content in {name}")
    return arrays


def _is_single(path):
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def rate_of(path, arrays):
    """Returns the sample rate in an archive, an int; None where it has none.

    Args:
        path: for messages.
        arrays: dict that `read_arrays` returned.

    Raises:
        ValueError: it is not one number above 0.
    """
    if "sample_rate" not in arrays:
        return None
    value = arrays["sample_rate"]
    if value.dtype.kind not in "iuf" or value.size != 1 or not 0 < value.item() < math.inf:
        raise ValueError(f"{path} holds the sample_rate {value}: expected one number above 0")
    return int(value.item())
