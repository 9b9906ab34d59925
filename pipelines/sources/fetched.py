"""Remote shards, each fetched whole when the first of its records is read, and kept for a while.

A request for every record would cost more than the record; a shard is one.
"""

import shutil
import tempfile
import threading
import weakref
from collections import OrderedDict
from pathlib import Path

import numpy as np

from mmssl.files import TEMPORARY_PREFIX, atomic_write
from mmssl.pipelines.sources import places
from mmssl.pipelines.sources.prepared import cache_folder

LIMIT = 10 * 2**30  # bytes of shards that are kept, and no more than half of what is free


class Fetched:
    """Copies of remote shards in the cache folder, as long as this process has use for them.

    Args:
        paths: list of str, the shards.
        sizes: list of int, the bytes of each.

    Attributes:
        room: bytes that the copies may take together.
        together: number of shards of which two sets have room, that in use and the one before, of
            which readers may still be at work; 0 where all shards have room.
    """

    def __init__(self, paths, sizes):
        parent = cache_folder()
        parent.mkdir(parents=True, exist_ok=True)
        self.room = min(LIMIT, shutil.disk_usage(parent).free // 2)
        self.together = _together(sizes, self.room)
        self._paths = paths
        self._folder = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY_PREFIX}shards-", dir=parent))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._kept = OrderedDict()  # number -> bytes, the one used longest ago first
        self._lock = threading.Lock()
        self._locks = [threading.Lock() for _ in paths]

    def path(self, number):
        """Returns where a shard can be read: its copy, or the shard itself if it cannot be had."""
        with self._locks[number]:
            copy = self._folder / f"{number}.tfrecord"
            if not copy.exists() and not self._fetch(number, copy):
                return self._paths[number]
            with self._lock:
                self._kept.move_to_end(number)
        return str(copy)

    def _fetch(self, number, copy):
        size = places.size_of(self._paths[number])
        if size is None:
            return False
        with self._lock:
            self._make_room(size)
            self._kept[number] = size
        with atomic_write(copy) as beside, open(beside, "wb") as file:
            for piece in places.chunks(self._paths[number]):
                file.write(piece)
        return True

    def _make_room(self, size):
        while self._kept and sum(self._kept.values()) + size > self.room:
            number, _ = self._kept.popitem(last=False)
            (self._folder / f"{number}.tfrecord").unlink(missing_ok=True)


def _together(sizes, room):
    if sum(sizes) <= room:
        return 0
    largest = np.cumsum(sorted(sizes, reverse=True))
    return max(1, int(np.searchsorted(2 * largest, room, side="right")))
