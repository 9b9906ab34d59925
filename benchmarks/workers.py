"""Times a training step in 1, 2 and 4 processes, beside what the model of its time expects.

The model is that of communication.py: what a process computes alone of its part of the batch, and
for each tensor that is sent the time of a sum of that size, neither hidden behind the other, as
gRPC on processors does not. Both are measured here: computing in one process with B/R examples,
which alone has a core; sums of several sizes among R processes, whose least times are fitted by a
latency and a rate. R processes on fewer cores compute in turns: the model multiplies by that.

    python benchmarks/workers.py audio/cpc vision/simclr
    python benchmarks/workers.py audio/cpc --workers 2 --data.batch_size=64
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time

SIZES = (4, 2**14, 2**18, 2**20, 2**22)  # bytes of the sums
CHAIN, REPEATS = 8, 15  # sums one after the other, and how often
WARMUP, STEPS = 3, 15


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if options.worker:
        print(json.dumps(measured(options.recipes[0], options.overrides)))
        return
    print(
        "| recipe, batch | processes | computing | a sum | MB a second | tensors, MB sent "
        "| expected | measured |\n|---|---|---|---|---|---|---|---|"
    )
    for name in options.recipes:
        for line in lines(name, options.workers, options.overrides):
            print(line, flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipes", nargs="+", help="names of recipes")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="processes")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options, options.overrides = parser.parse_known_args()
    return options


def lines(name, counts, overrides):
    """Yields a recipe's lines of the table, one for each number of processes."""
    from communication import collectives, counted

    collectives()
    step = counted(name, overrides)
    for count in counts:
        part = f"--data.batch_size={step.batch // count}"
        [alone] = in_processes(1, name, [*overrides, part])
        found = in_processes(count, name, overrides) if count > 1 else [alone]
        latency, rate = fitted(found[0]["sums"]) if count > 1 else (0.0, math.inf)
        turns = max(1.0, count / os.cpu_count())
        calls = len(step.reduced) + len(step.gathered) if count > 1 else 0
        sent = step.sent(count)
        expected = turns * alone["step"] + calls * latency + sent / rate
        yield (
            f"| `{name}`, {step.batch} | {count} | {1e3 * alone['step']:.1f} ms x {turns:.0f} "
            f"| {1e3 * latency:.1f} ms | {rate / 1e6:.0f} | {calls}, {sent / 1e6:.2f} "
            f"| {1e3 * expected:.0f} ms | {1e3 * max(x['step'] for x in found):.0f} ms |"
        )


def in_processes(count, name, overrides):
    """Measures in processes that train together.

    Returns:
        list of what `measured` returns in each.
    """
    from mmssl.strategy import VARIABLE, config_of
    from mmssl.training.launch import free_ports

    addresses = [f"127.0.0.1:{port}" for port in free_ports(count)]
    command = [sys.executable, __file__, name, "--worker", *overrides]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    processes = [
        subprocess.Popen(
            command,
            env=quiet if count == 1 else {**quiet, VARIABLE: config_of(addresses, index)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for index in range(count)
    ]
    printed = [process.communicate()[0] for process in processes]
    failed = [process.returncode for process in processes if process.returncode]
    if failed:
        raise RuntimeError(f"{len(failed)} of {count} processes failed; they say why above")
    return [json.loads(text.splitlines()[-1]) for text in printed]


def fitted(sums):
    """Returns latency and rate that the least times of sums follow: (seconds, bytes a second).

    In a ring of R, a sum of n bytes sends 2 (R - 1)/R x n; `sums` has pairs of bytes sent and
    seconds.
    """
    latency = min(seconds for _, seconds in sums)
    sent, seconds = sums[-1]
    return latency, sent / max(seconds - latency, 1e-9)


def measured(name, overrides):
    """Times, in this process, a recipe's step and, with others, sums; the least time counts.

    Returns:
        dict of `step`, seconds, and `sums`, a list of pairs of bytes sent and seconds.
    """
    import keras
    from communication import optimizer

    from mmssl.runs.fit import Fit
    from mmssl.runs.recipe import build, open_recipe
    from mmssl.strategy import make_strategy
    from mmssl.training.workers import Workers

    workers = Workers()
    config, data = open_recipe(name, overrides)
    data.prepare()
    fit = Fit(**config["fit"])
    keras.utils.set_random_seed(0)
    strategy = make_strategy("auto")
    with strategy.scope():
        method = build(config["method"])
        method.compile(**method.make_optimizers(optimizer), synchronize=fit.synchronize)
        method.make_train_function()
    share = data.batches(0, 0, workers.parts(strategy)).take(1).repeat()
    if workers.count > 1:
        share = strategy.distribute_datasets_from_function(lambda _: share)
    batch = next(iter(share))
    step = least_seconds(lambda: float(method.take_step(batch)["loss"]), STEPS)
    sums = [one_sum(strategy, size) for size in SIZES] if workers.count > 1 else []
    return {"step": step, "sums": sums}


def one_sum(strategy, size):
    """Times a sum over all processes: returns the bytes that each sends, and the seconds."""
    import tensorflow as tf

    def averaged():
        x, context = tf.ones([size // 4]), tf.distribute.get_replica_context()
        for _ in range(CHAIN):
            x = context.all_reduce("MEAN", x)
        return x[0]

    run = tf.function(lambda: strategy.run(averaged), autograph=False)
    replicas = strategy.num_replicas_in_sync
    return 2 * (replicas - 1) / replicas * size, least_seconds(run, REPEATS) / CHAIN


def least_seconds(function, repeats):
    """Calls a function some times, after a warmup; others may use the machine meanwhile."""
    for _ in range(WARMUP):
        function()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        function()
        times.append(time.perf_counter() - begun)
    return min(times)


if __name__ == "__main__":
    main()
