"""Readers of arrays: NumPy archives and IDX."""

import gzip
import io
import zipfile

import numpy as np

from mmssl.pipelines.sources import open_source
from mmssl.suggest.archives import read_archive as read_for_suggest
from tests.fuzzing.reader import Reader

PICTURES = (".png",)


def npy(array):
    """Returns an array as the bytes of an `.npy` file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(members):
    """Returns a NumPy archive of members that need not be arrays, dict of name -> bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def _archives(folder):
    members = {
        "x.npy": npy(np.zeros((3, 4, 4), np.uint8)),
        "y.npy": npy(np.array([1, 2, 3])),
        "sample_rate.npy": npy(np.array(8000)),
        "labels.npy": npy(np.array(["a", "b", ""])),
    }
    packed = io.BytesIO()
    np.savez_compressed(packed, x_train=np.zeros((3, 9)), y_train=[1, 2, 3], x_test=np.ones((2, 9)))
    whole = {"stored.npz": npz(members), "packed.npz": packed.getvalue()}
    path = folder / "a.npz"

    def read(name, data):
        path.write_bytes(npz(members | {name: data}) if name in members else data)
        open_source(path, PICTURES)
        read_for_suggest(path)

    return members | whole, read


def _idx(folder):
    images = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (2, 3, 4)) + bytes(24)
    labels = b"\0\0\x08\x01" + (2).to_bytes(4, "big") + bytes(2)
    files = {
        "train-images-idx3-ubyte": images,
        "train-labels-idx1-ubyte": labels,
        "t10k-images-idx3-ubyte.gz": gzip.compress(images),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)

    def read(name, data):
        try:
            (folder / name).write_bytes(data)
            open_source(folder, PICTURES)
        finally:
            (folder / name).write_bytes(files[name])

    return files, read


READERS = (
    Reader("archives: NumPy", _archives),
    Reader("arrays: IDX", _idx),
)
