"""A disk without room is told, with the file and what stays of it."""

import errno
import os
import resource

import keras
import numpy as np
import pytest

from mmssl import files
from mmssl.files import atomic_write, write_text


@pytest.fixture
def full_disk():
    """No file can grow beyond 10 kB, as on a disk with so much space left."""
    _, most = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, most))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def write_weights(path):
    np.savez(path, weights=np.ones(10_000))


def write_model(path):
    keras.Sequential([keras.Input((8,)), keras.layers.Dense(1000)]).save(path)


def write_saved_model(path):
    keras.Sequential([keras.Input((8,)), keras.layers.Dense(1000)]).export(path, verbose=False)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("history.csv", lambda path: path.write_text("x" * 20_000)),
        ("last.npz", write_weights),
        ("encoder.keras", write_model),
        ("exported", write_saved_model),
    ],
)
@pytest.mark.parametrize("earlier", [None, "earlier"])
def test_a_full_disk_is_told_with_the_file_and_what_stays_of_it(
    name, write, earlier, tmp_path, full_disk
):
    path = tmp_path / "run" / name
    kept = "nothing is left of it"
    if earlier:
        write_text(path, earlier)
        kept = "what was there before is whole"
    with (
        pytest.raises(OSError, match=f"{path} cannot be written: .*; {kept}"),
        atomic_write(path) as p,
    ):
        write(p)
    assert [file.name for file in path.parent.iterdir()] == [name] * bool(earlier)
    assert not earlier or path.read_text() == earlier


def test_a_disk_without_room_for_a_folder_is_told_as_well(tmp_path, monkeypatch):
    def refuse(**_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.tempfile, "mkdtemp", refuse)
    with pytest.raises(OSError, match=r"plan.json cannot be written: No space left on device"):
        write_text(tmp_path / "plan.json", "{}")
