"""Times the steps of all tasks, sampling and the start, and prints one table.

Each figure comes from a process of its own. What has been measured is kept in `--out`, so that the
same command goes on where it was stopped. With `--peers`, a folder of scripts with the options and
the JSON lines of `steps.py --peer` and `sampling.py --peer`, the peer's eager and compiled modes
take turns with ours, and a ratio is our seconds over those of the faster one.

    python benchmarks/bench.py --out bench.jsonl
    python benchmarks/bench.py --peers ~/peers --python ~/peers/bin/python --rounds 2
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
from steps import last_line, median, rounded
from timing import wait_quiet

from mmssl.doctor import processor

HERE = Path(__file__).parent
TASKS = ["bert", "gpt", "data2vec", "simclr", "byol", "barlow", "dino", "mae", "wavenet"]
STREAMS = (1, 16, 64)
BEGINNINGS = {
    "import mmssl": [sys.executable, "-c", "import mmssl"],
    "mmssl --help": [sys.executable, "-m", "mmssl.cli", "--help"],
    "a run of one step, to its report": [
        *(sys.executable, "-m", "mmssl.cli", "pretrain", "vision/simclr", "--fit.steps=1"),
        "--quiet",
    ],
}


def main():
    options = parse_options()
    kept = Kept(options.out)
    print(processor() + "\n")
    print("\n".join(steps_table(options, kept)) + "\n")
    print("\n".join(sampling_table(options, kept)) + "\n")
    print("\n".join(start_table(kept)))


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="+", default=TASKS, choices=TASKS)
    parser.add_argument("--precision", default="float32", choices=("float32", "mixed_bfloat16"))
    parser.add_argument("--rounds", type=int, default=1, help="runs of each, in turns")
    parser.add_argument("--seconds", type=float, default=20.0, help="of timed steps in a run")
    parser.add_argument("--threads", type=int, default=psutil.cpu_count(), help="cores to use")
    parser.add_argument("--peers", type=Path, help="folder of the peer's scripts")
    parser.add_argument("--python", default=sys.executable, help="Python that runs them")
    parser.add_argument("--out", type=Path, default=Path("bench.jsonl"), help="file of records")
    return parser.parse_args()


class Kept:
    """Records of commands by name, one JSON line each in a file."""

    def __init__(self, path):
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self.found = dict(json.loads(line) for line in lines)

    def of(self, name, measure):
        """Returns the record of a name; measures and keeps it if there is none."""
        if name not in self.found:
            print(name, file=sys.stderr, flush=True)
            self.found[name] = measure()
            with self.path.open("a") as file:
                file.write(json.dumps([name, rounded(self.found[name])]) + "\n")
        return self.found[name]


def steps_table(options, kept):
    """Lays out the steps of the tasks, one line a task."""
    titles = "task", "seconds a step", "share of matmul peak", "GiB", "peer: s, GiB", "ratio"
    yield f"| {' | '.join(titles)} |"
    yield "|---" * len(titles) + "|"
    for task in options.tasks:
        own, peers = step_records(task, options, kept)
        seconds, memory = median(own, "step_s"), median(own, "peak_memory_gib")
        share = f"{median(own, 'fraction_of_matmul_peak'):.2f}"
        line = [task, f"{seconds:.3f}", share, f"{memory:.1f}"]
        yield f"| {' | '.join([*line, *beside(seconds, peers)])} |"


def step_records(task, options, kept):
    """Measures a task in turns with the peer's two modes."""
    common = ["--task", task, "--threads", str(options.threads), "--budget", str(options.seconds)]
    own = [sys.executable, str(HERE / "steps.py"), "--precision", options.precision]
    ways = {"ours": [*own, *common]}
    if options.peers:
        bf16 = ["--bf16"] * (options.precision != "float32")
        peer = [options.python, str(options.peers / "bench_train.py"), *common, *bf16]
        ways.update({"eager": peer, "compiled": [*peer, "--compile"]})
    found = {way: [] for way in ways}
    for turn in range(options.rounds):
        for way, command in ways.items():
            name = f"{task} {options.precision} {way} {turn + 1}"
            found[way].append(kept.of(name, lambda c=command: last_line(c)))
    own = [record["results"][0] for record in found.pop("ours")]
    return own, found


def beside(seconds, peers):
    """Describes the peer's faster mode, and our seconds over its."""
    if not peers:
        return ["", ""]
    best = min(peers, key=lambda mode: median(peers[mode], "step_s_median"))
    theirs = median(peers[best], "step_s_median")
    memory = median(peers[best], "rss_gib")
    return [f"{theirs:.3f}, {memory:.1f} ({best})", f"{seconds / theirs:.2f}"]


def sampling_table(options, kept):
    """Lays out how many samples WaveNet draws, one line a number of streams."""
    titles = "streams", "samples/s in all", "a stream", "peer, in all", "ratio"
    yield f"| {' | '.join(titles)} |"
    yield "|---" * len(titles) + "|"
    threads = ["--threads", str(options.threads)]
    for streams in STREAMS:
        command = [sys.executable, str(HERE / "sampling.py"), "--streams", str(streams)]
        [own] = kept.of(f"sampling {streams} ours", lambda c=command: last_line(c))["results"]
        rate, cells = own["cached"], ["", ""]
        if options.peers:
            peer = [options.python, str(options.peers / "bench_sampling.py"), *threads]
            peer += ["--batch", str(streams), "--seconds", "5"]
            found = kept.of(f"sampling {streams} peer", lambda c=peer: last_line(c))
            theirs = found["cached_best"][0] * streams
            cells = [f"{theirs:,.0f}", f"{rate / theirs:.1f}"]
        line = [str(streams), f"{rate:,.0f}", f"{rate / streams:,.0f}"]
        yield f"| {' | '.join([*line, *cells])} |"


def start_table(kept):
    """Lays out how long commands take from nothing."""
    yield "| start | seconds |\n|---|---|"
    for name, command in BEGINNINGS.items():
        found = kept.of(name, lambda c=command: {"seconds": started(c)})
        yield f"| {name} | {found['seconds']:.2f} |"


def started(command):
    """Times a command in an empty folder."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        wait_quiet()
        begin = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return time.perf_counter() - begin


if __name__ == "__main__":
    main()
