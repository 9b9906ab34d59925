"""Size, speed and accuracy of exported encoders, as ratios to Keras `predict` in one run.

Each recipe is trained for a few steps on its built-in data, and the encoder that its run deploys,
whitened where the run decided so, is written in every format. Recipes with the same encoder share
one measurement. Speed is taken in turns (`predict`, the same model in a `tf.function` compiled by
XLA, every file, and again), with the same number of threads each; a ratio is the median over the
rounds of `predict`'s time over the file's, so more than 1 is faster than `predict`. One call of
`predict` gets one item, or as many batches as take half a second; the others are given the batches
one by one. Memory is that of a process of its own. Progress goes to stderr, tables to stdout;
`--json` prints a JSON line an encoder instead. Runs and figures that are in the folder are used.

    python benchmarks/deploy.py --out runs/deploy
    python benchmarks/deploy.py audio/cpc vision/simclr --out runs/deploy --forms saved_model int8
"""

import argparse
import json
import os
import subprocess
from pathlib import Path

from deploy_figures import FORMS, measure
from deploy_tables import conditions, tables
from steps import log, rounded
from timing import Watch

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Built-in sounds last 1.4 seconds at most; the encoder is the same for any length.
SHORTER = {"audio/simclr": ["--data.window=16000"]}


def main():
    options = parse_options()
    options.commit = commit()
    figures = [measured(names, options) for names in groups(options.recipes)]
    if options.json:
        for figure in figures:
            print(json.dumps(rounded(figure)))
        return
    print(conditions(figures), *map("\n".join, tables(figures)), sep="\n\n")


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipes", nargs="*", help="names; all but the paper recipes if none")
    parser.add_argument("--out", type=Path, required=True, help="folder of runs and figures")
    parser.add_argument("--forms", nargs="+", default=list(FORMS), choices=FORMS)
    parser.add_argument("--steps", type=int, default=20, help="of training")
    parser.add_argument("--rounds", type=int, default=5, help="in which all ways take turns")
    parser.add_argument("--threads", type=int, default=1, help="that each way computes with")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def groups(recipes):
    """Yields lists of names of recipes that deploy an encoder of the same configuration."""
    from mmssl.runs import read_recipe, recipe_names

    found = {}
    for name in recipes or [name for name in recipe_names() if not name.endswith("_paper")]:
        config = read_recipe(name)
        same = config["method"]["init_args"]["encoder"], config["probe"]
        found.setdefault(json.dumps(same, sort_keys=True), []).append(name)
    return list(found.values())


def measured(names, options):
    """Returns the figures of an encoder, from the folder if they are there."""
    folder = options.out / names[0].replace("/", "-")
    kept = folder / "deploy.json"
    if kept.exists():
        return json.loads(kept.read_text()) | {"recipes": names}
    log(f"{', '.join(names)}: training")
    with Watch() as watch:
        figures = measure(trained(names[0], folder, options), options)
    figures |= {
        "recipes": names,
        "commit": options.commit,
        "threads": options.threads,
        "seconds": watch.seconds,
        "other_cores": watch.others / watch.seconds,
    }
    kept.write_text(json.dumps(figures, indent=1) + "\n")
    return figures


def trained(recipe, folder, options):
    import tensorflow as tf

    from mmssl.evaluation.whitening.of_run import whiten_run
    from mmssl.training.pretraining import pretrain

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    few = [f"--fit.steps={options.steps}", "--fit.monitor_examples=0", *SHORTER.get(recipe, [])]
    run = pretrain(recipe, folder, few, quiet=True)
    whiten_run(run)
    return run


def commit():
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
