"""Shards as the tests prepare them, damage them, and compare them with their folder."""

from mmssl.pipelines.audio import AudioWindows
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.preparing.prepare import prepare
from tests.pipelines.elements import elements, same

SHARDS = 3


def one_by_one(work, numbers):
    """Stands for the processes that write shards."""
    return map(work, numbers)


def prepared(source, out, encoding, shards=SHARDS, run=one_by_one, **rest):
    return prepare(source, out, shards, encoding, run=run, **rest)


def windows(source, **rest):
    return AudioWindows(source, window=1000, batch_size=4, cache=False, **rest)


def shorter(source, **rest):
    return AudioWindows(source, window=800, batch_size=4, cache=False, **rest)


def crops(source, **rest):
    return ImageCrops(source, size=16, batch_size=4, **rest)


def check_same(make, folder, out, **columns):
    """Checks that shards are to a pipeline what the folder is."""
    one, other = make(folder, **columns).prepare(), make(str(out)).prepare()
    assert list(other.items.names) == list(one.items.names)
    assert list(other.items.names) != []
    assert other.items.fingerprint() == one.items.fingerprint()
    for what in ("labels", "splits"):
        ours, theirs = getattr(one.items, what), getattr(other.items, what)
        assert (ours is None and theirs is None) or ours.tolist() == theirs.tolist()
    assert same(elements(one, batches=5, seed=3), elements(other, batches=5, seed=3))
    assert same(elements(one, start_step=2), elements(other, start_step=2))
    return other


def snapshot(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)
