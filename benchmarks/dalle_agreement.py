"""Tells how often pictures that DALL-E draws show what their captions say, of `builtin:shapes`.

A small network learns color, shape and place of three quarters of the real pictures, of all
combinations, as they are and blurred a little, as tokenizers make them. What it says of drawn
pictures is compared with their captions: of combinations of a color and a shape that DALL-E was
trained on, and of those that were held out from it. Beside it stands what it says of the real
pictures that it was not trained on, and of the same after a way to codes and back, which is as good
as drawn ones can be. One JSON line goes to stdout.

    python benchmarks/dalle_agreement.py runs/dalle --count 400 --page drawn.png
"""

import argparse
import json
import os

import numpy as np
from scipy.ndimage import gaussian_filter

LEARNED = 6  # of the eight pictures of each combination
KINDS = ("color", "label", "place")
EPOCHS, RATE, BATCH = 12, 2e-3, 64
BLUR = 0.7  # pixels, of a second copy of each picture that is learned from


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from mmssl.quiet import load_tensorflow

    load_tensorflow()
    print(json.dumps(measured(options)), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="run folder of pairs/dalle")
    parser.add_argument("--count", type=int, default=400, help="captions of each split")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", help="PNG file of the first pictures that were drawn")
    return parser.parse_args()


def measured(options):
    from mmssl.generation.captioned import CaptionedDrawer
    from mmssl.generation.pictures import save_page
    from mmssl.methods import DALLE
    from mmssl.pipelines.sources import builtin_shapes
    from mmssl.runs import Run

    run = Run.load(options.run)
    pictures, columns, _ = builtin_shapes.make()
    judge = trained(pictures, columns)
    drawer = CaptionedDrawer(run.method(DALLE), run.data)
    opened = run.data.open("builtin:shapes")
    unseen = ~learned(columns)
    result = {"bench": "dalle_agreement", "run": options.run, "temperature": options.temperature}
    for split in ("train", "test"):
        rows = np.flatnonzero((columns["split"] == split) & unseen)
        rows = np.random.default_rng(options.seed).permutation(rows)[: options.count]
        captions = [str(columns["caption"][row]) for row in rows]
        drawn = drawer.draw(captions, options.seed, options.temperature)
        coded = np.concatenate(
            [np.asarray(batch["codes"]) for batch in run.data.examples(opened.select(rows))]
        )
        result[split] = {
            "drawn": judged(judge, drawn, columns, rows),
            "real": judged(judge, pictures[rows], columns, rows),
            "through_codes": judged(judge, drawer.decoded(coded), columns, rows),
            **run.method(DALLE).validate(run.data.on(opened.select(rows))),
        }
        if options.page and split == "test":
            save_page(options.page, drawn[:16])
    return result


def learned(columns):
    """Which pictures the network learns from, bool (N,): by their number in the combination."""
    return np.array([int(name.split()[-1]) < LEARNED for name in columns["name"]])


def trained(pictures, columns):
    """A network from pictures float32 in [0, 1] to logits of each kind, and names of classes."""
    import keras

    keras.utils.set_random_seed(0)
    names = {kind: np.unique(columns[kind]).tolist() for kind in KINDS}
    x = images = keras.Input(pictures.shape[1:])
    for width in (32, 64, 64):
        x = keras.layers.Conv2D(width, 3, 2, "same", activation="relu")(x)
    x = keras.layers.Dense(128, "relu")(keras.layers.Flatten()(x))
    heads = {kind: keras.layers.Dense(len(names[kind]), name=kind)(x) for kind in KINDS}
    network = keras.Model(images, heads)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(RATE), {kind: loss for kind in KINDS})
    rows = learned(columns)
    sharp = (pictures[rows] / 255).astype("float32")
    both = np.concatenate([sharp, gaussian_filter(sharp, (0, BLUR, BLUR, 0))])
    numbers = {
        kind: np.tile(np.searchsorted(names[kind], columns[kind][rows]), 2) for kind in KINDS
    }
    network.fit(both, numbers, BATCH, epochs=EPOCHS, verbose=0)
    return network, names


def judged(judge, pictures, columns, rows):
    """Shares of pictures that show what was said: of each kind, and of color and shape together."""
    network, names = judge
    logits = network.predict((pictures / 255).astype("float32"), verbose=0)
    right = {
        kind: np.array(names[kind])[logits[kind].argmax(axis=1)] == columns[kind][rows]
        for kind in KINDS
    }
    shares = {"shape" if kind == "label" else kind: right[kind].mean() for kind in KINDS}
    shares["color_and_shape"] = (right["color"] & right["label"]).mean()
    return {name: round(float(share), 4) for name, share in shares.items()}


if __name__ == "__main__":
    main()
