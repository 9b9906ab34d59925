"""Times the opening of prepared shards by their index alone, and what memory that takes.

An index of as many items as are asked for is made of random numbers, with names, labels and splits;
there are no shards. Another process opens it. One JSON line goes to stdout.

    python benchmarks/shard_index.py --items 10_000_000
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=10_000_000)
    parser.add_argument("--shards", type=int, default=1000)
    parser.add_argument("--open", help="folder to open: what the other process does")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if options.open:
        print(json.dumps(opened(options.open)))
        return
    with tempfile.TemporaryDirectory() as folder:
        make(f"{folder}/small", 10, 1)
        begin = time.perf_counter()
        make(folder, options.items, options.shards)
        made = time.perf_counter() - begin
        command = [sys.executable, os.path.abspath(__file__), "--open", folder]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout.strip().splitlines()[-1])
        print(json.dumps({"bench": "shard_index", "made_s": round(made, 1), **found}))


def make(folder, items, shards):
    """Writes an index of items that are not there, with names as long as those of photographs."""
    import numpy as np

    from mmssl.pipelines.sources.parts import Part
    from mmssl.pipelines.sources.shard_index import merge
    from mmssl.pipelines.sources.shards import shard_names, shares
    from mmssl.pipelines.sources.strings import Strings

    rng = np.random.default_rng(0)
    labels = Strings.of([f"class {i}" for i in range(1000)])
    splits = Strings.of(["test", "train"])
    parts = []
    for share in shares(items, shards):
        lengths = rng.integers(10**4, 2 * 10**5, len(share))
        sizes = lengths + 16
        names = Strings.of([f"train/n{i % 1000:08d}/n{i:012d}.JPEG" for i in share])
        columns = {
            "label": Strings(labels.data, labels.ends, rng.integers(0, 1000, len(share), "int32")),
            "split": Strings(splits.data, splits.ends, rng.integers(0, 2, len(share), "int32")),
        }
        shapes = np.zeros((len(share), 0), np.int64)
        offsets = np.cumsum(sizes) - sizes
        parts.append(Part(offsets, lengths, lengths - 100, shapes, names, columns, 0, "0", [], []))
    merge(folder, shard_names(shards), parts, {"sample_rate": None, "paths": True})


def opened(folder):
    """Opens the index as a recipe does; returns seconds and MiB, those of TensorFlow apart."""
    import logging

    from mmssl.pipelines.sources import open_source

    logging.disable()  # there are no shards
    open_source(f"{folder}/small", (".jpg",))  # imports TensorFlow, and what it imports when used
    before, begin = resident(), time.perf_counter()
    source = open_source(folder, (".jpg",))
    seconds, taken = time.perf_counter() - begin, resident() - before
    last = (source.names[len(source) - 1], str(source.labels[-1]), str(source.splits[-1]))
    begin = time.perf_counter()
    select = source.select(source.splits == "train")
    return {
        "items": len(source),
        "open_s": round(seconds, 2),
        "open_mib": round(taken / 2**20),
        "last": last,
        "split_s": round(time.perf_counter() - begin, 2),
        "split_items": len(select),
        "with_split_mib": round((resident() - before) / 2**20),
    }


def resident():
    """Returns the bytes of memory that this process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
