"""Compares the order of an epoch in one level, any item at any place, with that in two.

What it costs to read prepared shards in each order, and in theirs, from a disk that has nothing of
them in memory; and how well each mixes items that lie sorted by class. JSON lines go to stdout.

    python benchmarks/shuffle.py cost shards/
    python benchmarks/shuffle.py quality
"""

import argparse
import json
import os
import time

CLASSES, SHARDS, ITEMS, BATCH = 100, 1000, 1_000_000, 256
POOLS = (1, 4, 16, 64, 256)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["cost", "quality"])
    parser.add_argument("folder", nargs="?", help="prepared shards, for the cost")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each order")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for line in cost(options) if options.what == "cost" else quality():
        print(json.dumps(line), flush=True)


def cost(options):
    """Yields items per second from a cold disk, in each order."""
    import tensorflow as tf

    from mmssl.pipelines.elements import Shuffled
    from mmssl.pipelines.shard_order import ShuffledShards
    from mmssl.pipelines.sources.shard_index import open_index
    from mmssl.pipelines.sources.shards import read_prepared

    index, read, _ = read_prepared(options.folder)
    count, size = len(index.records), sum(shard["size"] for shard in index.manifest["shards"])
    zero = tf.constant(0, tf.int64)
    orders = {
        "as they lie": lambda i: i,
        "two levels, 4 shards": lambda i: pools(i, zero, zero),
        "one level": lambda i: anywhere(i, zero, zero),
    }
    anywhere, pools = Shuffled(count), ShuffledShards(open_index(options.folder).starts, 4)
    for name, order in orders.items():
        forget(index.paths)
        numbers = tf.data.Dataset.range(count)
        items = numbers.map(lambda i, order=order: tf.size(read(order(i))), 16).batch(16)
        done, begin = 0, time.perf_counter()
        for sizes in items:
            done += len(sizes)
            if time.perf_counter() - begin > options.seconds:
                break
        seconds = time.perf_counter() - begin
        yield {
            "bench": "shuffle cost",
            "order": name,
            "items_per_s": round(done / seconds),
            "mib_per_s": round(done / seconds * size / count / 2**20, 1),
            "seconds": round(seconds, 1),
        }


def forget(paths):
    """Has the system forget what it keeps of files in memory."""
    for path in paths:
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def quality():
    """Yields how far the classes in batches are from those of all items, sorted by class.

    `excess` is the variance of a class's count in a batch, over that of a batch drawn at random
    with the same shares: 1 where nothing tells the order from a random one.
    """
    import numpy as np
    import tensorflow as tf

    from mmssl.pipelines.elements import Shuffled
    from mmssl.pipelines.shard_order import ShuffledShards

    bounds = np.arange(SHARDS + 1) * (ITEMS // SHARDS)
    orders = {f"two levels, {n} shards": ShuffledShards(bounds, n) for n in POOLS}
    numbers, zero = tf.range(ITEMS, dtype=tf.int64), tf.constant(0, tf.int64)
    share = 1 / CLASSES
    for name, order in {**orders, "one level": Shuffled(ITEMS)}.items():
        shown = order(numbers, zero, zero).numpy()[: ITEMS // BATCH * BATCH].reshape(-1, BATCH)
        classes = shown // (ITEMS // CLASSES)
        counts = np.stack([np.bincount(row, minlength=CLASSES) for row in classes])
        yield {
            "bench": "shuffle quality",
            "order": name,
            "classes_in_batch": round(float((counts > 0).sum(axis=1).mean()), 1),
            "excess": round(float(counts.var() / (BATCH * share * (1 - share))), 2),
        }


if __name__ == "__main__":
    main()
