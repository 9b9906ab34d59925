"""Times a tokenizer: items encoded to shards a second, and items read back from them.

The run is that of a tokenizer, the source what it reads. Everything is encoded into a temporary
folder; then batches of codes are read. One JSON line goes to stdout; `gain` is how many times as
many items are read as encoded, which is what keeping codes saves in every epoch of a prior.

    python benchmarks/tokenizing.py runs/vq_vae photos/
"""

import argparse
import json
import os
import tempfile
import time

SECONDS = 5.0  # of reading


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="run folder of a tokenizer")
    parser.add_argument("source", help="what it reads")
    parser.add_argument("--batch", type=int, default=64, help="items of a batch of codes")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(json.dumps(measure(options)), flush=True)


def measure(options):
    """Times both ways in this process: dict of JSON values."""
    from mmssl.apply.tokenize import tokenize
    from mmssl.pipelines.codes import Codes

    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        items = tokenize(options.run, options.source, folder)["items"]
        encoded = items / (time.perf_counter() - begin)
        read = _read(Codes(folder, batch_size=options.batch).prepare(), options.batch)
    figures = {"encoded_per_second": round(encoded), "read_per_second": round(read)}
    return {"bench": "tokenizing", "items": items, **figures, "gain": round(read / encoded, 1)}


def _read(data, rows):
    batches = iter(data.batches())
    next(batches)
    begin, done = time.perf_counter(), 0
    while time.perf_counter() - begin < SECONDS:
        next(batches)
        done += rows
    return done / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
