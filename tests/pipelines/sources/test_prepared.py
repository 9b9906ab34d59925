"""The cache of prepared arrays."""

import logging
import os

import numpy as np
import pytest

from mmssl.pipelines.sources import prepared as cache
from mmssl.pipelines.sources.prepared import cache_folder, forget, prepared

LARGE = 2**17  # bytes of an array that is mapped into memory


class Making:
    """Makes arrays and counts how often."""

    def __init__(self, **arrays):
        self.arrays, self.times = arrays, 0

    def __call__(self):
        self.times += 1
        return self.arrays


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MMSSL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def make():
    return Making(
        values=np.arange(LARGE, dtype=np.uint8),
        names=np.array(["ü", "b\tc"]),
        none=np.empty((0, 3), np.float32),
        size=np.array(2**40),
    )


def test_arrays_are_made_once_and_read_back(make):
    for _ in range(3):
        found = prepared(["key", 1], make)
        assert found.keys() == make.arrays.keys()
        for name, array in make.arrays.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype
    assert make.times == 1
    prepared(["key", 2], make)
    assert make.times == 2
    forget(["key", 1])
    prepared(["key", 1], make)
    assert make.times == 3


def test_other_code_or_decoders_make_them_anew(make, monkeypatch):
    prepared("key", make)
    monkeypatch.setattr(cache, "_versions", lambda: ["another version"])
    prepared("key", make)
    assert make.times == 2


@pytest.mark.parametrize("name", ["values.npy", "names.npy", "checksums.json"])
@pytest.mark.parametrize("damage", ["flipped", "truncated", "emptied", "removed"])
def test_a_damaged_entry_is_made_anew(make, folder, name, damage):
    prepared("key", make)
    [entry] = folder.iterdir()
    data = bytearray((entry / name).read_bytes())
    data[-5] ^= 1
    damaged = {"flipped": data, "truncated": data[:-7], "emptied": b""}
    (entry / name).unlink()
    if damage != "removed":
        (entry / name).write_bytes(damaged[damage])
    for _ in range(2):
        np.testing.assert_array_equal(prepared("key", make)["values"], make.arrays["values"])
    assert make.times == 2


def test_writing_to_an_array_does_not_change_the_cache(make):
    prepared("key", make)
    prepared("key", make)["values"][:] = 0
    np.testing.assert_array_equal(prepared("key", make)["values"], make.arrays["values"])


def test_the_entry_unused_longest_makes_room_and_nothing_else_is_touched(folder, monkeypatch):
    monkeypatch.setattr(cache, "LIMIT", 3 * LARGE)
    make = Making(values=np.zeros(LARGE, np.uint8))
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "large").write_bytes(bytes(4 * LARGE))
    for key in "ab":
        prepared(key, make)
    for age, entry in enumerate(sorted(folder.glob("?" * 32), key=lambda e: e.stat().st_mtime_ns)):
        os.utime(entry, (age + 1, age + 1))
    prepared("a", make)  # used
    prepared("c", make)
    assert make.times == 3
    prepared("a", make)
    assert make.times == 3
    prepared("b", make)
    assert make.times == 4
    assert (folder / "mine" / "large").exists()


def test_arrays_that_cannot_be_kept_are_returned_all_the_same(make, folder, monkeypatch, caplog):
    monkeypatch.setattr(cache, "LIMIT", 1000)
    with caplog.at_level(logging.WARNING):
        assert prepared("key", make) is make.arrays
    assert "are not kept" in caplog.text
    monkeypatch.setenv("MMSSL_CACHE", "/proc/nowhere")
    assert prepared("key", make) is make.arrays


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("MMSSL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "mmssl"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "mmssl"
    monkeypatch.setenv("HOME", "nowhere")
    with pytest.raises(ValueError, match="set MMSSL_CACHE to a folder"):
        cache_folder()
