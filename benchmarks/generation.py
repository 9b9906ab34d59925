"""Times text generation: seconds per token at growing lengths, with and without a cache.

An untrained model, one sequence, greedy decoding; the same model both ways. Progress goes to stderr
and one JSON line to stdout. `ratio` is the uncached over the cached seconds per token, at each
length; `growth` is the seconds per token at the longest length over those at the shortest: for a
total cost quadratic in the length it would equal the ratio of the lengths.

    python benchmarks/generation.py --lengths 64 128 256 512
"""

import argparse
import json
import os
import statistics
import sys

from timing import Watch, wait_quiet

END, PAD = 1, 0


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(json.dumps(measure(options)), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lengths", type=int, nargs="+", default=[64, 128, 256, 512])
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--num-heads", type=int, default=4)
    parser.add_argument("--vocabulary", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=3, help="times that each length is generated")
    return parser.parse_args()


def measure(options):
    """Times both ways of generation at every length."""
    import keras
    import numpy as np
    from keras_hub.samplers import GreedySampler

    from mmssl.encoders import gpt_encoder
    from mmssl.generation import TokenGenerator
    from mmssl.methods.gpt import GPT

    keras.utils.set_random_seed(0)
    sizes = {name: getattr(options, name) for name in ("width", "depth", "num_heads")}
    encoder = gpt_encoder(
        options.vocabulary, max(options.lengths), mlp_dim=4 * options.width, **sizes
    )
    method = GPT(encoder)
    cached = TokenGenerator(method, GreedySampler(), END, banned=[PAD, END])
    ways = {"cached": cached, "uncached": uncached(method, banned=[PAD, END])}
    prompt = np.array([[2]], "int32")
    same = [np.asarray(way(prompt, min(options.lengths) - 1)) for way in ways.values()]
    wait_quiet()
    seconds = {
        name: [seconds_per_token(way, prompt, n, options.rounds) for n in options.lengths]
        for name, way in ways.items()
    }
    return {
        "bench": "generation",
        **sizes,
        "vocabulary": options.vocabulary,
        "lengths": options.lengths,
        "same_tokens": bool((same[0] == same[1]).all()),
        **{f"{name}_s_per_token": rounded(values) for name, values in seconds.items()},
        "ratio": rounded(
            u / c for u, c in zip(seconds["uncached"], seconds["cached"], strict=True)
        ),
        "growth": {name: float(f"{v[-1] / v[0]:.3g}") for name, v in seconds.items()},
        "threads": os.cpu_count(),
    }


def uncached(method, banned):
    """Returns generation without a cache: every token is a forward pass over the whole text."""
    import numpy as np
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)], autograph=False)
    def next_logits(ids):
        inputs = {"token_ids": ids, "padding_mask": tf.ones_like(ids)}
        return method.logits(method.encoder(inputs)["features"][:, -1])

    def generate(ids, tokens):
        for _ in range(tokens):
            logits = next_logits(ids).numpy()
            logits[:, banned] = -np.inf
            ids = np.concatenate([ids, logits.argmax(-1)[:, None].astype("int32")], axis=1)
        return ids

    return generate


def seconds_per_token(way, prompt, length, rounds):
    """Median over the rounds during which other processes left the machine idle."""
    watches = []
    for _ in range(rounds):
        with Watch() as watch:
            way(prompt, length - 1)
        watches.append(watch)
    quiet = [watch.seconds for watch in watches if watch.quiet()]
    found = statistics.median(quiet or [watch.seconds for watch in watches]) / (length - 1)
    print(f"{length}: {1e3 * found:.2f} ms per token", file=sys.stderr, flush=True)
    return found


def rounded(values):
    return [float(f"{value:.4g}") for value in values]


if __name__ == "__main__":
    main()
