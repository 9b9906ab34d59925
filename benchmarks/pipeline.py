"""Times a pipeline alone: elements per second, without a training step that consumes them.

A training step that consumes more elements per second than this waits for its input. One JSON line
per task goes to stdout; the rates are medians over the spans of time during which other processes
left the machine idle.

    python benchmarks/pipeline.py --task images --source ~/images

`views_32` and `views_224` make the two views of SimCLR from images in memory; with `--no-cache`,
`views_224` decodes its `--source` every time. With `--peer`, a peer's script that takes `--task
images` and ends in a JSON line with the images per second of its `cases` runs alternately with
ours, and `ratio` is our rate over that of its fastest case of the same work, medians over rounds.

    python benchmarks/pipeline.py --task views_32 views_224 \\
        --peer "~/peers/bin/python bench_input.py"

With `--shards`, prepared shards of the `--source` are read alternately with it in one process:
`ratio` is their rate over that of the source, of decoded items and of the elements of batches,
medians over rounds.

    mmssl prepare ~/images shards/ --encoding pixels
    python benchmarks/pipeline.py --task images --source ~/images --shards shards/ --no-cache
"""

import argparse
import json
import os
import shlex
import statistics
import sys
import time

from steps import last_line
from timing import Watch, wait_quiet

ITEMS = 64  # decoded items that are drawn together
SPAN = 1.0  # seconds that are timed together: batches are prefetched and arrive in bursts


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if options.peer:
        print(json.dumps(beside_peer(options)), flush=True)
        return
    for task in options.task:
        found = beside_shards(task, options) if options.shards else measure(task, options)
        print(json.dumps(found), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", required=True, nargs="+", choices=PIPELINES)
    parser.add_argument(
        "--source", help="folder, file or builtin:...; by default the pipeline's built-in"
    )
    parser.add_argument("--no-cache", action="store_true", help="read and decode every time")
    parser.add_argument("--seconds", type=float, default=15.0, help="time to measure for")
    parser.add_argument("--peer", help="command of the peer's script, in one string")
    parser.add_argument("--shards", help="prepared shards of the source, to compare with it")
    parser.add_argument(
        "--rounds", type=int, default=2, help="runs of each with --peer or --shards"
    )
    return parser.parse_args()


def audio(**arguments):
    from mmssl.pipelines.audio import AudioWindows

    return AudioWindows(batch_size=16, **arguments)


def text(cache, **arguments):
    from mmssl.pipelines.text import SentencePairs

    return SentencePairs(batch_size=32, **arguments)


def images(**arguments):
    from mmssl.pipelines.images import ImageCrops

    return ImageCrops(batch_size=64, **arguments)


def views_32(source=None, **arguments):
    import numpy as np

    from mmssl.pipelines.images import ImageViews

    if source is None:
        source = np.random.default_rng(0).integers(0, 256, (4096, 32, 32, 3), dtype=np.uint8)
    return ImageViews(source, 32, 128, scale=(0.08, 1.0), **arguments)


def views_224(source=None, **arguments):
    import numpy as np

    from mmssl.pipelines.images import ImageViews

    if source is None:
        source = np.random.default_rng(0).integers(0, 256, (64, 375, 500, 3), dtype=np.uint8)
    return ImageViews(
        source,
        224,
        32,
        scale=(0.08, 1.0),
        jitter=(0.8, 0.8, 0.8, 0.2),
        blur_probability=0.5,
        **arguments,
    )


PIPELINES = {
    "audio": audio,
    "text": text,
    "images": images,
    "views_32": views_32,
    "views_224": views_224,
}


def measure(task, options):
    """Prepares a pipeline and draws batches from it for a while."""
    given = {"source": options.source} if options.source else {}
    pipeline = PIPELINES[task](cache=not options.no_cache, **given)
    begin = time.perf_counter()
    pipeline.prepare()
    prepare_s = time.perf_counter() - begin
    batches = iter(pipeline.batches())
    take(batches, SPAN)  # tf.data tunes its parallelism
    wait_quiet(limit=30)
    spans, end = [], time.monotonic() + options.seconds
    while time.monotonic() < end:
        with Watch() as watch:
            count = take(batches, SPAN)
        spans.append((count * pipeline.batch_size / watch.seconds, watch))
    quiet = [rate for rate, watch in spans if watch.quiet()]
    enough = len(quiet) >= 3
    seconds = sum(watch.seconds for _, watch in spans)
    return {
        "bench": "pipeline",
        "task": task,
        "source": str(options.source or "generated or built-in"),
        "cache": pipeline.cache,
        "batch": pipeline.batch_size,
        "elements": pipeline.count,
        "skipped": len(pipeline.skipped),
        "prepare_s": round(prepare_s, 2),
        "elements_per_s": round(statistics.median(quiet if enough else [r for r, _ in spans]), 1),
        "median_over": "quiet spans" if enough else "all spans",
        "cores_used": round(sum(watch.cpu for _, watch in spans) / seconds, 2),
        "other_cores": round(sum(watch.others for _, watch in spans) / seconds, 2),
    }


def beside_shards(task, options):
    """Reads a source and its shards alternately, items alone and batches."""
    rates = {"items": {}, "elements": {}}
    places = {"source": options.source, "shards": options.shards}
    for _ in range(options.rounds):
        for place, source in places.items():
            pipeline = PIPELINES[task](cache=not options.no_cache, source=source).prepare()
            for what, dataset, size in (
                ("items", items(pipeline), ITEMS),
                ("elements", pipeline.batches(), pipeline.batch_size),
            ):
                rate = rate_of(iter(dataset), size, options.seconds)
                rates[what].setdefault(place, []).append(rate)
    medians = {
        what: {place: statistics.median(found) for place, found in of.items()}
        for what, of in rates.items()
    }
    return {
        "bench": "shards",
        "task": task,
        **places,
        "cache": not options.no_cache,
        **{
            f"{what}_per_s": {place: round(rate, 1) for place, rate in of.items()}
            for what, of in medians.items()
        },
        "ratio": {what: round(of["shards"] / of["source"], 2) for what, of in medians.items()},
    }


def items(pipeline):
    """Returns a dataset of the sizes of decoded items, in random order and in batches."""
    import numpy as np
    import tensorflow as tf

    order = np.random.default_rng(0).permutation(len(pipeline.items))
    dataset = tf.data.Dataset.from_tensor_slices(order).repeat()
    calls = tf.data.AUTOTUNE
    return dataset.map(lambda i: tf.size(pipeline.item(i)), calls).batch(ITEMS).prefetch(2)


def rate_of(batches, size, seconds):
    """Returns the elements per second of an iterator of batches of a size, a median over spans."""
    take(batches, SPAN)
    rates, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        with Watch() as watch:
            count = take(batches, SPAN)
        rates.append(count * size / watch.seconds)
    return statistics.median(rates)


def beside_peer(options):
    """Runs ours and the peer's alternately, each in its own process."""
    own = [sys.executable, os.path.abspath(__file__), "--seconds", str(options.seconds)]
    own += ["--no-cache"] * options.no_cache
    own += ["--source", options.source] if options.source else []
    peer = [os.path.expanduser(word) for word in shlex.split(options.peer)]
    ours, peers = {task: [] for task in options.task}, []
    for _ in range(options.rounds):
        for task in options.task:
            ours[task].append(last_line([*own, "--task", task]))
        cases = last_line([*peer, "--task", "images"])["cases"]
        peers.append({name: case["images_per_s"] for name, case in cases.items()})
    ratio = {task: ratio_of(task, ours[task], peers, options.no_cache) for task in options.task}
    return {"results": ours, "peer_images_per_s": peers, "ratio": ratio}


def ratio_of(task, ours, peers, decoding):
    """Returns our rate over that of the peer's fastest case, such as 224_jpeg_lightly_w2."""
    same_work = {"views_32": "32_", "views_224": "224_jpeg_" if decoding else "224_memory_"}[task]
    fastest = statistics.median(
        max(rate for name, rate in rates.items() if name.startswith(same_work)) for rates in peers
    )
    rate = statistics.median(record["elements_per_s"] for record in ours)
    return round(rate / fastest, 3)


def take(batches, seconds):
    """Draws batches for a while and returns their number."""
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        next(batches)
        count += 1
    return count


if __name__ == "__main__":
    main()
