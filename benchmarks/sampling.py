"""Times WaveNet sampling, in samples per second: naive, and cached in one compiled loop.

Naive runs the network over its receptive field for every sample; cached computes one time step of
each layer. Before anything is timed, the logits of both are compared over more than the receptive
field. One JSON line goes to stdout. With `--peer`, a peer's script that takes `--batch` and
`--seconds` and ends in a JSON line with `naive_best` and `cached_best` runs alternately with ours,
and `ratio` is our rate over the peer's, medians over rounds.

    python benchmarks/sampling.py --peer "~/peers/bin/python bench_sampling.py"

With `--recipes`, the samplers of these recipes take turns instead, each with untrained weights:

    python benchmarks/sampling.py --recipes audio/wavenet audio/wavernn --streams 1

Pictures are drawn in `drawing.py`.
"""

import argparse
import json
import os
import shlex
import statistics
import sys

import numpy as np
from steps import last_line, log, rounded
from timing import rate

SECONDS = 5.0  # to time each way for


def main():
    options = parse_options()
    record = {"bench": "sampling", "net": "10 layers, dilations 1 to 512, 32 channels, 256 levels"}
    if options.recipes:
        record = {"bench": "sampling", **samplers(options)}
    elif options.peer:
        record.update(beside_peer(options))
    else:
        record.update(measure(options))
    print(json.dumps(rounded(record)), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--streams", default="1,16", help="numbers of signals generated at once")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time for each way")
    parser.add_argument("--recipes", nargs="+", help="recipes whose samplers to time in turns")
    parser.add_argument("--peer", help="command of the peer's script, in one string")
    parser.add_argument(
        "--rounds", type=int, default=2, help="runs of each with --peer or --recipes"
    )
    return parser.parse_args()


def measure(options):
    """Times both ways for each number of streams, in this process."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf

    from mmssl.encoders import receptive_field, wavenet_encoder
    from mmssl.methods.wavenet import WaveNet

    keras.utils.set_random_seed(0)
    model = WaveNet(
        wavenet_encoder(
            cycles=1, layers=10, residual_channels=32, gate_channels=32, skip_channels=32
        )
    )
    # The untrained head gives nearly equal logits, which would hide a difference.
    model.logits.kernel.assign(tf.random.normal(model.logits.kernel.shape, seed=0))
    field = receptive_field(model.encoder)
    results = []
    for streams in map(int, options.streams.split(",")):
        difference = compare(model, field, streams)
        ways = {
            "naive": naive_way(model, field, streams),
            "cached": cached_way(model, streams),
        }
        rates = {name: rate(way, options.seconds) for name, way in ways.items()}
        log(f"{streams} streams: {rates}")
        results.append(
            {
                "streams": streams,
                "max_logit_difference": difference,
                **{name: value["samples_per_s"] for name, value in rates.items()},
                "cached_over_naive": rates["cached"]["samples_per_s"]
                / rates["naive"]["samples_per_s"],
                "other_cores": {name: value["other_cores"] for name, value in rates.items()},
            }
        )
    return {
        "receptive_field": field,
        "results": results,
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
    }


def compare(model, field, streams):
    """Largest difference between cached and full logits, over more than the receptive field."""
    import tensorflow as tf

    from mmssl.generation import WaveNetSampler
    from mmssl.layers import mu_law_decode

    sampler = WaveNetSampler(model)
    codes = np.random.default_rng(0).integers(0, model.levels, (streams, field + 200), "int32")
    batch = {"waveform": np.asarray(mu_law_decode(codes)), "padding_mask": np.ones_like(codes)}
    whole = np.asarray(model(batch)["logits"])
    queues, now = sampler.start(streams)
    step, difference = tf.function(sampler.step), 0.0
    for time_step in range(codes.shape[1]):
        logits, queues, now = step(codes[:, time_step], queues, now)
        difference = max(difference, float(np.abs(logits - whole[:, time_step]).max()))
    if difference > 1e-4:
        raise SystemExit(f"The cached logits are off by {difference}.")
    return difference


def naive_way(model, field, streams):
    """One sample per call: the network over its whole receptive field, compiled."""
    import tensorflow as tf

    from mmssl.layers import mu_law_decode

    mask = tf.ones((streams, field), tf.int32)

    @tf.function(jit_compile=True, autograph=False)
    def sample(waveform, seed):
        features = model.encoder({"waveform": waveform, "padding_mask": mask})["features"]
        logits = model.head(features[:, -1])
        uniform = tf.random.stateless_uniform(logits.shape, [0, seed], minval=1e-30)
        code = tf.argmax(logits - tf.math.log(-tf.math.log(uniform)), axis=-1)
        return tf.concat([waveform[:, 1:], mu_law_decode(code)[:, None]], axis=1)

    state = [tf.zeros((streams, field)), 0]

    def run():
        state[0], state[1] = sample(state[0], tf.constant(state[1])), state[1] + 1
        state[0].numpy()
        return streams

    return run


def cached_way(model, streams):
    """One second of every stream per call, in the sampler's compiled loop."""
    from mmssl.generation import audio_sampler

    sampler = audio_sampler(model)
    silence = sampler.context(sampler.encode(np.zeros(0, "float32")))
    start = np.stack(streams * [silence])

    def run():
        return streams * sampler.generate(start, 8000).shape[1]

    return run


def samplers(options):
    """Times the samplers of recipes in turns; ratios are rates over those of the first recipe."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from mmssl.runs import read_recipe
    from mmssl.runs.recipe import build

    methods = {name: build(read_recipe(name)["method"]) for name in options.recipes}
    results = []
    for streams in map(int, options.streams.split(",")):
        ways = {name: cached_way(method, streams) for name, method in methods.items()}
        rounds = [
            {name: rate(way, options.seconds)["samples_per_s"] for name, way in ways.items()}
            for _ in range(options.rounds)
        ]
        rates = {name: statistics.median(found[name] for found in rounds) for name in ways}
        ratio = {name: value / rates[options.recipes[0]] for name, value in rates.items()}
        results.append({"streams": streams, "samples_per_s": rates, "ratio": ratio})
    return {"results": results}


def beside_peer(options):
    """Runs ours and the peer's alternately, each in its own process."""
    ours, peers = [], {streams: [] for streams in map(int, options.streams.split(","))}
    own = [sys.executable, os.path.abspath(__file__), "--streams", options.streams]
    own += ["--seconds", str(options.seconds)]
    for turn in range(options.rounds):
        log(f"round {turn + 1} of {options.rounds}")
        ours.append(last_line(own))
        for streams, records in peers.items():
            command = [os.path.expanduser(word) for word in shlex.split(options.peer)]
            command += ["--batch", str(streams), "--seconds", str(options.seconds)]
            records.append(last_line(command))
    return {"ours": ours, "peer": list(peers.values()), "ratio": ratios(ours, peers)}


def ratios(ours, peers):
    """Our rate over the peer's best, for each number of streams."""
    found = {}
    for index, (streams, records) in enumerate(peers.items()):
        found[streams] = {}
        for way in ("naive", "cached"):
            own = statistics.median(record["results"][index][way] for record in ours)
            # The peer counts steps, each of which is a sample of every stream.
            theirs = statistics.median(record[f"{way}_best"][0] for record in records)
            found[streams][way] = own / (theirs * streams)
    return found


if __name__ == "__main__":
    main()
