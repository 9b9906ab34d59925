"""Times the drawing of pictures: with the whole network for each step, and with what can be kept.

Before anything is timed, the logits of both ways are compared. With `--pictures`, recipes of models
that draw pictures pixel by pixel, in pixels per second over all pictures that are drawn at once:

    python benchmarks/drawing.py --pictures vision/pixel_cnn vision/row_lstm --count 8

With `--tokens`, transformers over the tokens of pictures, in tokens per second:

    python benchmarks/drawing.py --tokens vision/image_gpt pairs/dalle --count 8

One JSON line goes to stdout.
"""

import argparse
import json
import os

import numpy as np
from steps import log, rounded
from timing import rate

SECONDS = 5.0  # to time each way for
# Of the codes of vision/vq_vae, which a tokenizer's run would tell.
CODES = {"pairs/dalle": ("--method.encoder.entries=128", "--method.encoder.code_shape=[8,8]")}


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    results = [*pictures(options), *tokens(options)]
    print(json.dumps(rounded({"bench": "drawing", "results": results})), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", nargs="+", default=[], help="recipes of pictures")
    parser.add_argument("--tokens", nargs="+", default=[], help="recipes of tokens of pictures")
    parser.add_argument("--count", default="8", help="numbers of pictures drawn at once: 1,8")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time for each way")
    return parser.parse_args()


def pictures(options):
    """Times drawing pictures with what each layer keeps, and with the whole network per pixel."""
    from mmssl.runs.recipe import build, open_recipe

    results = []
    for name in options.pictures:
        method = build(open_recipe(name)[0]["method"])
        # The untrained head gives equal logits, which would hide a difference.
        kernel = method.scores.kernel
        kernel.assign(np.random.default_rng(0).normal(0, 0.1, kernel.shape))
        for count in map(int, options.count.split(",")):
            difference = compare_pixels(method, count)
            ways = {"naive": naive_pixels(method, count), "cached": cached_pixels(method, count)}
            results.append(timed(name, count, difference, ways, options.seconds))
    return results


def timed(name, count, difference, ways, seconds):
    """Times both ways of a recipe, whose logits are so far apart; returns its record."""
    if difference > 1e-4:
        raise SystemExit(f"The cached logits are off by {difference}.")
    rates = {way: rate(run, seconds) for way, run in ways.items()}
    per_second = {way: found["samples_per_s"] for way, found in rates.items()}
    log(f"{name}, {count} pictures: {per_second}")
    return {
        "recipe": name,
        "pictures": count,
        "max_logit_difference": difference,
        "per_s": per_second,
        "cached_over_naive": per_second["cached"] / per_second["naive"],
        "other_cores": {way: found["other_cores"] for way, found in rates.items()},
    }


def compare_pixels(method, count):
    """Largest difference between cached and full logits of random pictures."""
    import tensorflow as tf

    from mmssl.generation.pixel_sampler import PixelSampler

    sampler = PixelSampler(method)
    shape = (count, sampler.height, sampler.width, sampler.channels)
    symbols = np.random.default_rng(0).integers(0, method.levels, shape, "int32")
    images = np.broadcast_to(symbols / np.float32(method.levels - 1), (*shape[:3], 3))
    whole, difference = np.asarray(method({"images": images})["logits"]), 0.0

    @tf.function
    def step(symbols, kept, row, column):
        features, kept = sampler.step(symbols, kept, row, column)
        return method.logits(features[:, None, None])[:, 0, 0], kept

    _, kept = sampler.start(count)
    for place in range(sampler.height * sampler.width):
        row, column = divmod(place, sampler.width)
        now = symbols[:, row, column]
        logits, kept = step(now, kept, tf.constant(row), tf.constant(column))
        difference = max(difference, float(np.abs(logits - whole[:, row, column]).max()))
    return difference


def naive_pixels(method, count):
    """One pixel of every picture per call: the whole network for each channel, compiled."""
    import tensorflow as tf

    from mmssl.generation.draws import draw

    height, width, _ = method.encoder.input["images"].shape[1:]
    row, column = height // 2, width // 2

    @tf.function(jit_compile=True, autograph=False)
    def pixel(images, uniform):
        for channel in range(method.channels):
            logits = method({"images": images})["logits"][:, row, column, channel]
            drawn = draw(logits, uniform[channel], np.float32(1)) / (method.levels - 1)
            images = images + 0.01 * tf.cast(drawn, tf.float32)[:, None, None, None]
        return images

    images = tf.zeros((count, height, width, 3))
    uniform = tf.fill((method.channels, count), 0.5)

    def run():
        pixel(images, uniform).numpy()
        return count

    return run


def cached_pixels(method, count):
    """All pixels of pictures per call, in the sampler's compiled loop."""
    from mmssl.generation.pixel_sampler import PixelSampler

    sampler = PixelSampler(method)

    def run():
        return sampler.sample(count)[..., 0].size

    return run


def tokens(options):
    """Times drawing tokens with cached keys and values, and with the whole sequence per token."""
    from mmssl.deploy import token_draw
    from mmssl.runs import read_recipe
    from mmssl.runs.recipe import build

    results = []
    for name in options.tokens:
        method = build(read_recipe(name, CODES.get(name, ()))["method"])
        kernel = (method.heads["image"] if name in CODES else method.head).kernel
        kernel.assign(np.random.default_rng(0).normal(0, 0.1, kernel.shape))
        for count in map(int, options.count.split(",")):
            codes, given = token_draw.example(method, count)
            whole, cached = _token_ways(method, codes, given)
            difference = float(np.abs(whole()["logits"] - cached(codes)["logits"]).max())
            ways = {
                "naive": lambda run=whole: len(run()["codes"]),
                "cached": lambda run=cached, unknown=0 * codes - 1: run(unknown)["codes"].size,
            }
            results.append(timed(name, count, difference, ways, options.seconds))
    return results


def _token_ways(method, codes, given):
    """A pass over all tokens, which gives one of each picture, and a loop over all of them."""
    import tensorflow as tf

    from mmssl.deploy import token_draw

    sampler, one = token_draw.sampler_of(method), np.float32(1)
    uniform = tf.fill(codes.shape, 0.5)

    @tf.function(jit_compile=True, autograph=False)
    def loop(codes):
        return token_draw.drawn(sampler, codes, uniform, one, **given)

    @tf.function(jit_compile=True, autograph=False)
    def network(codes):
        if not given:
            return method.of_codes(codes)
        return method({"codes": tf.reshape(codes, (-1, *sampler.code_shape)), **given})["image"]

    def whole():
        return {"logits": network(codes).numpy(), "codes": codes}

    return whole, lambda codes: {name: x.numpy() for name, x in loop(codes).items()}


if __name__ == "__main__":
    main()
