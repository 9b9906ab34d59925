"""The IDX format of the MNIST datasets: `train-images-idx3-ubyte.gz` and its labels."""

import gzip
import math
import os
import re
import zlib
from pathlib import Path

import numpy as np

from mmssl.pipelines.sources.finding import why_not
from mmssl.reading import check_fits

_AXES = 4
_CHUNK = 2**22  # bytes that are read together
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_NAME = re.compile(r"^(?P<part>.+?)[-.](?P<what>images|labels)[-.]idx[1-4]-ubyte(\.gz)?$")
_SPLITS = {"train": "train", "t10k": "test", "test": "test", "val": "val"}


def is_idx(path):
    """Returns whether a file is named like an IDX file of images or labels."""
    return _NAME.match(Path(path).name) is not None


def read_array(path):
    """Reads one IDX file.

    Args:
        path: IDX file, plain or gzipped.

    Returns:
        Array of the shape and dtype that the header declares.

    Raises:
        ValueError: when the header or the length is wrong.
    """
    opened = gzip.open if str(path).endswith(".gz") else open
    try:
        with opened(path, "rb") as file:
            dtype, shape = _header(path, file)
            size = math.prod(shape) * dtype.itemsize
            check_fits(path, size)
            body = _read(file, size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if len(body) != size:
        what = "truncated" if len(body) < size else "longer than it says"
        raise ValueError(f"{path} is {what}: its header declares the shape {list(shape)}")
    return np.frombuffer(body, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _header(path, file):
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _TYPES or not start[3]:
        raise ValueError(f"{path} is not an IDX file: it does not start with two zero bytes")
    sizes = file.read(4 * start[3])
    shape = tuple(np.frombuffer(sizes[: len(sizes) // 4 * 4], ">u4").tolist())
    if len(shape) != start[3] or not all(shape) or len(shape) > _AXES:
        raise ValueError(f"{path} is truncated or empty: its header declares {list(shape)}")
    return np.dtype(_TYPES[start[2]]), shape


def _read(file, size):
    """Reads up to `size` bytes in pieces, so that memory follows what is there."""
    pieces = []
    while size > 0 and (piece := file.read(min(size, _CHUNK))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def read_images(path):
    """Reads the images and labels of a folder of IDX files, or of one file of images.

    Args:
        path: folder with files such as train-images-idx3-ubyte.gz and
            train-labels-idx1-ubyte.gz, or one such file of images. Labels are optional.

    Returns:
        (array (N, H, W) or (N, H, W, C), dict of str arrays `label` and `split` where known).

    Raises:
        ValueError: when there are no images, or not as many labels as images.
    """
    path = Path(path)
    files = _beside(path) if path.is_dir() else [path]
    images = [f for f in files if (m := _NAME.match(f.name)) and m["what"] == "images"]
    if not images:
        raise ValueError(f"{path} has IDX labels but no IDX images (train-images-idx3-ubyte)")
    arrays = [read_array(f) for f in images]
    labels = [_labels(f, len(a)) for f, a in zip(images, arrays, strict=True)]
    parts = [_NAME.match(f.name)["part"].split("-")[-1] for f in images]
    columns = {}
    if all(label is not None for label in labels):
        columns["label"] = np.concatenate(labels).astype(str)
    if all(part in _SPLITS for part in parts):
        columns["split"] = np.repeat([_SPLITS[p] for p in parts], [len(a) for a in arrays])
    return np.concatenate(arrays), columns


def _beside(folder):
    """Returns the IDX files of a folder, without links out of it."""
    real = os.path.realpath(folder)
    named = sorted(file for file in folder.iterdir() if is_idx(file) and file.is_file())
    return [file for file in named if why_not(file, real) is None]


def _labels(images, count):
    prefix = _NAME.match(images.name)["part"]
    for file in _beside(images.parent):
        match = _NAME.match(file.name)
        if match["part"] == prefix and match["what"] == "labels":
            labels = read_array(file)
            if labels.shape != (count,):
                raise ValueError(
                    f"{file} has labels of shape {labels.shape} for {count} images: expected "
                    f"shape {(count,)}"
                )
            return labels
    return None
