"""The IDX format of the MNIST datasets: `train-images-idx3-ubyte.gz` and its labels."""

import gzip
import re
from pathlib import Path

import numpy as np

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
            data = file.read()
    except (OSError, EOFError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _TYPES:
        raise ValueError(f"{path} is not an IDX file: it does not start with two zero bytes")
    dtype, rank = np.dtype(_TYPES[data[2]]), data[3]
    shape = np.frombuffer(data[4 : 4 + 4 * rank], ">u4").astype(np.int64)
    body = data[4 + 4 * rank :]
    if len(shape) != rank or len(body) != shape.prod() * dtype.itemsize:
        raise ValueError(f"{path} is truncated: its header declares the shape {shape.tolist()}")
    return np.frombuffer(body, dtype).reshape(shape).astype(dtype.newbyteorder("="))


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
    files = (
        sorted(f for f in path.iterdir() if is_idx(f) and f.is_file()) if path.is_dir() else [path]
    )
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


def _labels(images, count):
    prefix = _NAME.match(images.name)["part"]
    for file in sorted(images.parent.iterdir()):
        match = _NAME.match(file.name)
        if match and file.is_file() and match["part"] == prefix and match["what"] == "labels":
            labels = read_array(file)
            if labels.shape != (count,):
                raise ValueError(
                    f"{file} has labels of shape {labels.shape} for {count} images: expected "
                    f"shape {(count,)}"
                )
            return labels
    return None
