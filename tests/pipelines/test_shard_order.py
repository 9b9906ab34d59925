"""The order of an epoch, in one level and in two."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.elements import Shuffled
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.shard_order import ShuffledShards
from mmssl.pipelines.sources import fetched, places, write_shards
from mmssl.pipelines.sources.fetched import Fetched

BOUNDS = np.array(
    [0, 5, 5, 12, 40, 41, 60, 64]
)  # shards of very different sizes, one of them empty


def epoch_of(order, count, seed=0, epoch=0):
    seed, epoch = (tf.constant(number, tf.int64) for number in (seed, epoch))
    return order(tf.range(count, dtype=tf.int64), seed, epoch).numpy()


@pytest.mark.parametrize("together", [1, 2, 3, 7, 9])
def test_an_epoch_in_two_levels_shows_every_element_once_and_few_shards_at_a_time(together):
    order, seen = ShuffledShards(BOUNDS, together), []
    for epoch in range(3):
        shown = epoch_of(order, 64, epoch=epoch)
        assert sorted(shown) == list(range(64))
        shards, sizes = np.searchsorted(BOUNDS[1:], shown, side="right"), np.diff(BOUNDS)
        firsts = list(dict.fromkeys(shards))
        changes = np.flatnonzero([shards[i] not in shards[:i] for i in range(64)])
        for number, at in zip(range(1, len(firsts) + 1), changes, strict=True):
            whole = [
                shard for shard in firsts[:number] if sizes[shard] == sum(shards[:at] == shard)
            ]
            assert number - len(whole) <= together
        seen.append(shown.tolist())
    assert seen[0] != seen[1] != seen[2]


def test_one_element_has_the_place_that_it_has_among_all():
    for order in (ShuffledShards(BOUNDS, 2), Shuffled(64)):
        shown = epoch_of(order, 64, seed=3, epoch=5)
        seed, epoch = tf.constant(3, tf.int64), tf.constant(5, tf.int64)
        single = [int(order(tf.constant(i, tf.int64), seed, epoch)) for i in (0, 17, 63)]
        assert single == shown[[0, 17, 63]].tolist()
        assert epoch_of(order, 64, seed=4, epoch=5).tolist() != shown.tolist()


def test_a_pool_is_mixed():
    bounds = np.arange(0, 4001, 500)
    shown = epoch_of(ShuffledShards(bounds, 4), 4000)
    shards = np.searchsorted(bounds[1:], shown, side="right").reshape(-1, 40)
    each = [len(set(batch)) for batch in shards]
    assert min(each) == max(each) == 4
    counts = np.array([np.bincount(batch, minlength=8) for batch in shards[:50]])
    mean = counts[:, counts.any(axis=0)]
    assert 0 < mean.std() < 2 * np.sqrt(40 * 0.25 * 0.75)


@pytest.fixture
def remote():
    """A remote source of 6 shards of 8 pictures, and the bytes of one."""
    pixels = np.random.default_rng(0).integers(0, 256, (48, 12, 12, 3), np.uint8)
    source = ImageCrops(pixels).open_to_train()
    folder = "ram://pictures/shards"
    paths = write_shards(source, folder, 6)
    yield folder, places.size_of(paths[0])
    places.remove_folder(folder)


class Fetches:
    """Counts what is read of remote files, by name."""

    def __init__(self, monkeypatch):
        self.names, chunks = [], places.chunks
        monkeypatch.setattr(
            places, "chunks", lambda path: self.names.append(str(path)) or chunks(path)
        )


def crops(folder, **rest):
    fixed = {"size": 12, "batch_size": 4, "scale": (1.0, 1.0), "ratio": (1.0, 1.0), "flip": False}
    return ImageCrops(folder, cache=False, **fixed, **rest)


def shown(pipeline, steps, start=0):
    batches = pipeline.batches(start).take(steps).as_numpy_iterator()
    return np.concatenate([batch["images"] for batch in batches])


def test_where_all_shards_have_room_each_is_fetched_once_and_the_order_is_that_of_files(
    remote, monkeypatch, tmp_path
):
    folder, _ = remote
    counted = Fetches(monkeypatch)
    pipeline = crops(folder).prepare()
    assert isinstance(pipeline._order, Shuffled)
    shown(pipeline, 24)
    assert len([name for name in counted.names if name.endswith(".tfrecord")]) == 6


def test_where_not_an_epoch_fetches_each_shard_once_and_goes_on_in_the_same_order(
    remote, monkeypatch
):
    folder, size = remote
    monkeypatch.setattr(fetched, "LIMIT", 4 * size + 100)
    pipeline = crops(folder).prepare()
    assert pipeline.items.shards_together() == 2
    counted = Fetches(monkeypatch)
    images = shown(pipeline, 12)
    assert len(np.unique(images.reshape(48, -1), axis=0)) == 48
    assert len([name for name in counted.names if name.endswith(".tfrecord")]) <= 8
    np.testing.assert_array_equal(shown(crops(folder).prepare(), 5, start=7), images[28:])


def test_copies_take_no_more_room_than_they_may_and_go_with_their_source(remote, monkeypatch):
    folder, size = remote
    monkeypatch.setattr(fetched, "LIMIT", 2 * size + 100)
    paths = [places.inside(folder, name) for name in places.names_in(folder) if "part" in name]
    copies = Fetched(paths, [size] * 6)
    assert copies.together == 1
    local = [copies.path(i) for i in (0, 1, 0, 2)]
    kept = {path.name for path in copies._folder.iterdir()}
    assert kept == {"0.tfrecord", "2.tfrecord"}
    assert local[0] == local[2]
    assert copies.path(5) != paths[5]
    left = copies._folder
    del copies
    assert not left.exists()
