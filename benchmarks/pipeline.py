"""Times a pipeline alone: elements that it makes a second, with nothing that consumes them.

A training step that takes more elements a second than this waits for its input. One JSON line goes
to stdout; the rates are medians over the spans of time during which others left the machine alone.

    python benchmarks/pipeline.py --task images --source ~/pictures
"""

import argparse
import json
import os
import statistics
import time

from timing import Watch, wait_quiet

SPAN = 1.0  # seconds that are timed at once: batches come prefetched, in bursts


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(json.dumps(measure(options)), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", required=True, choices=PIPELINES)
    parser.add_argument("--source", help="folder, file or builtin:...; the pipeline's own built-in")
    parser.add_argument("--no-cache", action="store_true", help="read and decode every time")
    parser.add_argument("--seconds", type=float, default=15.0, help="time to measure for")
    return parser.parse_args()


def audio(**arguments):
    from mmssl.pipelines.audio import Windows

    return Windows(batch_size=16, **arguments)


def text(cache, **arguments):
    from mmssl.pipelines.text import SentencePairs

    return SentencePairs(batch_size=32, **arguments)


def images(**arguments):
    from mmssl.pipelines.images import ColorCrops

    return ColorCrops(batch_size=64, **arguments)


PIPELINES = {"audio": audio, "text": text, "images": images}


def measure(options):
    """Prepares a pipeline and takes batches from it for a while."""
    given = {"source": options.source} if options.source else {}
    pipeline = PIPELINES[options.task](cache=not options.no_cache, **given)
    begin = time.perf_counter()
    pipeline.prepare()
    prepare_s = time.perf_counter() - begin
    batches = iter(pipeline.batches())
    take(batches, SPAN)  # tf.data finds its degree of parallelism
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
        "task": options.task,
        "source": str(pipeline.source),
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


def take(batches, seconds):
    """Takes batches for a while and returns how many."""
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        next(batches)
        count += 1
    return count


if __name__ == "__main__":
    main()
