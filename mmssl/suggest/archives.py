"""The data array of a NumPy archive."""

from mmssl.pipelines.sources.archives import rate_of, read_arrays

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
    arrays = read_arrays(path, _chosen)
    name, array = next(iter(arrays.items()))
    if array.ndim == 0 or not len(array):
        raise ValueError(f"{path} holds no items in {name}")
    return _NAMES.get(name.removesuffix("_train")) or _by_axes(array), array, rate_of(path, arrays)


def _chosen(names):
    for ending in ("_train", ""):
        for name in (*_ANY, *_NAMES):
            if name + ending in names:
                return [name + ending, *{"sample_rate"}.intersection(names)]
    raise ValueError(f"it holds {', '.join(names) or 'nothing'}, and no {', '.join(_ANY)}")


def _by_axes(array):
    if array.dtype.kind == "U":
        return "text"
    return "images" if array.ndim > 2 else "audio"
