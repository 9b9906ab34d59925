"""Times one whole training step: forward, loss, backward, optimizer.

The batch is generated and in memory, so this is the step alone; `pipeline.py` times the input.
Progress goes to stderr and one JSON line to stdout. With `--peer`, a peer's script that takes
`--task`, `--threads` and `--bf16` and ends in a JSON line with `step_s_median` runs alternately
with ours, and `ratio` is our seconds per step over the peer's, medians over rounds; `--peer-task`
is the peer's name of the task if it differs.

    python benchmarks/steps.py --task bert --peer "~/peers/bin/python bench_train.py"
"""

import argparse
import json
import os
import resource
import shlex
import statistics
import subprocess
import sys

POLICIES = {"float32": ["float32"], "mixed_bfloat16": ["mixed_bfloat16"]}
POLICIES["both"] = ["float32", "mixed_bfloat16"]


def main():
    options = parse_options()
    policies = POLICIES[options.precision]
    record = {"bench": "steps", "task": options.task}
    if options.peer:
        record.update(beside_peer(options, policies))
    else:
        record["results"] = [measure(options, policy) for policy in policies]
    print(json.dumps(rounded(record)), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", required=True, help="name of a function in tasks.py")
    parser.add_argument("--precision", choices=POLICIES, default="float32")
    parser.add_argument("--jit", action="store_true", help="compile the step with XLA")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="cores to use")
    parser.add_argument("--steps", type=int, default=20, help="quiet steps to time")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of timed steps")
    parser.add_argument("--peer", help="command of the peer's script, in one string")
    parser.add_argument("--peer-task", help="the peer's name of the task, if it differs")
    parser.add_argument("--rounds", type=int, default=2, help="runs of each with --peer")
    return parser.parse_args()


def measure(options, policy):
    """Times the step of a task in this process."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf
    from flops import matmul_peak, step_gflop
    from tasks import TASKS, optimizer_of
    from timing import time_steps

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    model, batch = TASKS[options.task]()
    optimizer = optimizer_of(options.task, model.trainable_variables)
    model.compile(optimizer, jit_compile=options.jit)
    model.make_train_function()
    losses = []

    def step():
        losses.append(float(model.train_function([batch])["loss"]))

    before = matmul_peak()
    times = time_steps(step, options.threads, steps=options.steps, budget=options.budget)
    peak = max(before, matmul_peak())
    gflop, seconds = step_gflop(model, batch), times["step_s"]
    samples = len(next(iter(batch.values())))
    log(f"{options.task} {policy}: {seconds:.3f} s per step, matmul {peak:.0f} GFLOP/s")
    return {
        "precision": policy,
        "jit": options.jit,
        "threads": options.threads,
        "batch": samples,
        **times,
        "samples_per_s": samples / seconds,
        "parameters": sum(v.shape.num_elements() for v in model.trainable_variables),
        "gflop_per_step": gflop,
        "flop_count": "matmuls, einsums and convolutions of the step's graph, forward and backward",
        "gflops_per_s": gflop / seconds,
        "float32_matmul_gflops_per_s": peak,
        "fraction_of_matmul_peak": gflop / seconds / peak,
        "loss_first": losses[0],
        "loss_last": losses[-1],
        "peak_memory_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
    }


def beside_peer(options, policies):
    """Runs ours and the peer's alternately, each in its own process."""
    ours, peers = {p: [] for p in policies}, {p: [] for p in policies}
    for turn in range(options.rounds):
        for policy in policies:
            log(f"round {turn + 1} of {options.rounds}, {policy}")
            ours[policy] += last_line(own_command(options, policy))["results"]
            peers[policy].append(last_line(peer_command(options, policy)))
    ratio = {
        policy: median(ours[policy], "step_s") / median(peers[policy], "step_s_median")
        for policy in policies
    }
    return {
        "results": [record for policy in policies for record in ours[policy]],
        "peer": [record for policy in policies for record in peers[policy]],
        "ratio": ratio,
    }


def own_command(options, policy):
    command = [sys.executable, os.path.abspath(__file__), "--task", options.task]
    command += ["--precision", policy, "--threads", str(options.threads)]
    command += ["--steps", str(options.steps), "--budget", str(options.budget)]
    return command + ["--jit"] * options.jit


def peer_command(options, policy):
    command = [os.path.expanduser(word) for word in shlex.split(options.peer)]
    command += ["--task", options.peer_task or options.task, "--threads", str(options.threads)]
    return command + ["--bf16"] * (policy != "float32")


def last_line(command):
    """Runs a command, which may give --threads, and reads the JSON object in its last line."""
    environment = dict(os.environ)
    if "--threads" in command:
        environment["PEER_THREADS"] = command[command.index("--threads") + 1]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def median(records, key):
    return statistics.median(record[key] for record in records)


def rounded(value):
    """Rounds every float in a record to five significant digits."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def log(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
