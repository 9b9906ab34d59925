"""The IDX format."""

import gzip
import struct

import numpy as np
import pytest

from mmssl.pipelines.sources.idx import is_idx, read_array, read_images

_CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def write_idx(path, array):
    kind = array.dtype.str[1:]
    header = struct.pack(">BBBB", 0, 0, _CODES[kind], array.ndim)
    header += struct.pack(f">{array.ndim}I", *array.shape)
    data = header + array.astype(">" + kind).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


@pytest.mark.parametrize("kind", list(_CODES))
def test_every_type_reads_back(tmp_path, kind):
    array = np.random.default_rng(0).integers(0, 100, (5, 3, 2)).astype(kind)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    write_idx(path, array)
    read = read_array(path)
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


def test_a_folder_gives_labels_and_splits(tmp_path):
    rng = np.random.default_rng(0)
    train, test = (rng.integers(0, 255, (n, 4, 4)).astype("u1") for n in (6, 3))
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", train)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", np.arange(6, dtype="u1"))
    write_idx(tmp_path / "t10k-images-idx3-ubyte", test)
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", np.array([7, 8, 9], "u1"))
    images, columns = read_images(tmp_path)
    np.testing.assert_array_equal(images, np.concatenate([test, train]))
    assert columns["label"].tolist() == list("789012345")
    assert columns["split"].tolist() == ["test"] * 3 + ["train"] * 6


def test_one_file_without_labels_gives_images_only(tmp_path):
    write_idx(tmp_path / "pictures-images-idx3-ubyte", np.zeros((2, 3, 3), "u1"))
    images, columns = read_images(tmp_path / "pictures-images-idx3-ubyte")
    assert images.shape == (2, 3, 3)
    assert columns == {}


def test_names_are_told_apart():
    assert is_idx("a/train-images-idx3-ubyte.gz")
    assert is_idx("train-labels.idx1-ubyte")
    assert not is_idx("train-images.png")


def test_damaged_files_are_named(tmp_path):
    path = tmp_path / "train-images-idx3-ubyte"
    write_idx(path, np.zeros((4, 3, 3), "u1"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"truncated: its header declares the shape \[4, 3, 3\]"):
        read_array(path)
    path.write_bytes(b"PNG")
    with pytest.raises(ValueError, match="not an IDX file"):
        read_array(path)
    zipped = tmp_path / "train-images-idx3-ubyte.gz"
    zipped.write_bytes(b"no gzip")
    with pytest.raises(ValueError, match="cannot be read"):
        read_array(zipped)


def test_as_many_labels_as_images_are_needed(tmp_path):
    write_idx(tmp_path / "train-images-idx3-ubyte", np.zeros((4, 3, 3), "u1"))
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(5, "u1"))
    with pytest.raises(ValueError, match=r"labels of shape \(5,\) for 4 images"):
        read_images(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").unlink()
    with pytest.raises(ValueError, match="labels but no IDX images"):
        read_images(tmp_path)
