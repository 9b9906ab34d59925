"""The data array of a NumPy archive."""

import zipfile
import zlib

import numpy as np

_NAMES = {"images": "images", "waveform": "audio", "waveforms": "audio", "text": "text"}
_ANY = ("x", "data")


def read_archive(path):
    """Reads the data of an archive, without its labels and without what is held out.

    Args:
        path: pathlib.Path of an `.npz` file.

    Returns:
        (modality, array (N, ...), sample rate or None). The modality is told by the name of the
        array, or by its axes: samples have one, pixels two or three.

    Raises:
        ValueError: it is no such archive, or holds no data array.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            name = _chosen(archive.files)
            array = archive[name]
            rate = int(archive["sample_rate"]) if "sample_rate" in archive.files else None
    except (AttributeError, ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} cannot be read as a NumPy archive: {error}") from error
    if array.ndim == 0 or not len(array):
        raise ValueError(f"{path} holds no items in {name}")
    return _NAMES.get(name.removesuffix("_train")) or _by_axes(array), array, rate


def _chosen(names):
    for ending in ("_train", ""):
        for name in (*_ANY, *_NAMES):
            if name + ending in names:
                return name + ending
    raise ValueError(f"it holds {', '.join(names) or 'nothing'}, and no {', '.join(_ANY)}")


def _by_axes(array):
    if array.dtype.kind == "U":
        return "text"
    return "images" if array.ndim > 2 else "audio"
