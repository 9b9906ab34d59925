"""Times a training step in 1, 2 and 4 processes, beside what the model of its time expects.

The model is that of communication.py: what a process computes of its part of the batch, and for
each tensor that is sent the time of a sum, neither hidden behind the other, as gRPC on processors
does not. All is measured here, with each process on one core and one thread:

    computing  of the same step in the same R processes, where nothing is sent: each takes copies of
               its own rows for those of the others
    sending    of sums of several sizes among R processes, by a line: a sum, and a byte of it

Processes take the cores that this one may use in turn; those that share one wait for each other
while computing is measured, too. Two clocks tell the time. Wall time is what a user waits, if
nothing else runs. Processor time, that of all processes of a core together, is the same where they
share a core and it is never idle, and does not count what else runs there.

    python benchmarks/workers.py audio/cpc vision/simclr
    taskset -c 0 python benchmarks/workers.py audio/cpc --workers 2 --data.batch_size=8
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from unittest import mock

CLOCKS = {"processor": time.process_time, "wall": time.perf_counter}
SIZES = (4, 2**14, 2**17, 2**19, 2**20, 2**21, 2**22)  # bytes of the sums
CHAIN = 8  # sums one after the other
WARMUP, BLOCKS, CALLS = 3, 5, 5  # the median of so many blocks of calls counts


class Lone:
    """Stands for the context of one replica of several, whose others have the same rows.

    Args:
        replicas: int.
    """

    replica_id_in_sync_group = 0

    def __init__(self, replicas):
        self.num_replicas_in_sync = replicas

    def all_gather(self, x, axis):
        import tensorflow as tf

        return tf.concat([x] * self.num_replicas_in_sync, axis)

    def all_reduce(self, operation, x, options=None):
        return x


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if options.worker:
        print(json.dumps(measured(options.recipes[0], options.overrides)))
        return
    print(
        "| recipe, batch | processes | clock | computing | a sum | a MB | tensors, MB sent "
        "| expected | measured |\n|---|---|---|---|---|---|---|---|---|"
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
    """Yields a recipe's lines of the table, two for each number of processes."""
    from communication import collectives, counted

    collectives()
    step = counted(name, overrides)
    for count in counts:
        found = in_processes(count, name, overrides)
        calls, sent = (step.collectives, step.sent(count)) if count > 1 else (0, 0.0)
        for clock in CLOCKS:
            took, computing, *sums = of_core(found, clock)
            latency, rate = fitted(count, sums) if sums else (0.0, 0.0)
            expected = computing + calls * latency + sent * rate
            yield (
                f"| `{name}`, {step.batch} | {count} | {clock} | {1e3 * computing:.0f} ms "
                f"| {1e3 * latency:.2f} ms | {1e9 * rate:.1f} ms | {calls}, {sent / 1e6:.2f} "
                f"| {1e3 * expected:.0f} ms | {1e3 * took:.0f} ms |"
            )


def cores():
    """Returns the cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def of_core(found, clock):
    """Returns the times of the core that takes longest: sums of processor time, or wall time."""
    groups = [found[i :: len(cores())] for i in range(min(len(cores()), len(found)))]
    combine = sum if clock == "processor" else max
    return [
        max(combine(x[clock][i] for x in group) for group in groups)
        for i in range(len(found[0][clock]))
    ]


def in_processes(count, name, overrides):
    """Measures in processes that train together, each on its core.

    Args:
        count: int, processes.
        name: of the recipe.
        overrides: list of str, see `read_recipe`.

    Returns:
        list of what `measured` returns in each.
    """
    from mmssl.strategy import VARIABLE, config_of
    from mmssl.training.launch import free_ports

    addresses = [f"127.0.0.1:{port}" for port in free_ports(count)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    processes = []
    for index in range(count):
        core = str(cores()[index % len(cores())])
        worker = {} if count == 1 else {VARIABLE: config_of(addresses, index)}
        command = [sys.executable, __file__, name, "--worker", *overrides]
        processes.append(
            subprocess.Popen(
                ["taskset", "-c", core, *command],
                env={**quiet, **worker},
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    printed = [process.communicate()[0] for process in processes]
    failed = [process.returncode for process in processes if process.returncode]
    if failed:
        raise RuntimeError(f"{len(failed)} of {count} processes failed; they say why above")
    return [json.loads(text.splitlines()[-1]) for text in printed]


def fitted(count, seconds):
    """Fits a line to the times of sums of `SIZES`, each relative to what it took.

    Returns:
        seconds of a sum, and of a byte that a process sends in a ring.
    """
    import numpy as np

    sent = 2 * (count - 1) / count * np.array(SIZES)
    rows = np.stack([np.ones(len(sent)), sent], axis=1) / np.array(seconds)[:, None]
    return np.linalg.lstsq(rows, np.ones(len(sent)))[0]


def measured(name, overrides):
    """Times, in this process, a recipe's step, its computing alone and, with others, sums.

    Returns:
        dict from the name of a clock to a list of seconds: of these, in this order.
    """
    import keras

    from mmssl import distribution
    from mmssl.runs.recipe import open_recipe
    from mmssl.strategy import make_strategy
    from mmssl.training.workers import Workers

    workers = Workers()
    config, data = open_recipe(name, overrides)
    data.prepare()
    keras.utils.set_random_seed(0)
    strategy = make_strategy("auto")
    share = data.batches(0, 0, workers.parts(strategy)).take(1).repeat()
    if workers.count > 1:
        share = strategy.distribute_datasets_from_function(lambda _, own=share: own)
    batch = next(iter(share))
    took = [timed(step_of(config, strategy, batch))]
    lone = Lone(workers.count) if workers.count > 1 else None
    with mock.patch.object(distribution, "_context", return_value=lone):
        took.append(timed(step_of(config, strategy, batch)))
    if workers.count > 1:
        took += [timed(summing(strategy, size), CHAIN) for size in SIZES]
    return {clock: [times[clock] for times in took] for clock in CLOCKS}


def step_of(config, strategy, batch):
    """Builds a recipe's method; returns a function that takes a step and waits for its end."""
    from communication import optimizer

    from mmssl.runs.fit import Fit
    from mmssl.runs.recipe import build

    with strategy.scope():
        method = build(config["method"])
        synchronize = Fit(**config["fit"]).synchronize
        method.compile(**method.make_optimizers(optimizer), synchronize=synchronize)
        method.make_train_function()
    return lambda: float(method.take_step(batch)["loss"])


def summing(strategy, size):
    """Returns a function that adds up a tensor over all processes, some times in a row."""
    import tensorflow as tf

    def averaged():
        x, context = tf.ones([size // 4]), tf.distribute.get_replica_context()
        for _ in range(CHAIN):
            x = context.all_reduce("MEAN", x)
        return x[0]

    run = tf.function(lambda: strategy.run(averaged), autograph=False)
    return lambda: float(run())


def timed(function, parts=1):
    """Times a function of equal parts: returns the seconds of each, by every clock."""
    for _ in range(WARMUP):
        function()
    blocks = []  # of which the least would be one while the others of a core had nothing to do
    for _ in range(BLOCKS):
        begun = {clock: read() for clock, read in CLOCKS.items()}
        for _ in range(CALLS):
            function()
        blocks.append({clock: read() - begun[clock] for clock, read in CLOCKS.items()})
    return {
        clock: statistics.median(block[clock] for block in blocks) / CALLS / parts
        for clock in CLOCKS
    }


if __name__ == "__main__":
    main()
