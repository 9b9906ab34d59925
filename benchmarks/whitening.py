"""What whitening does to the vectors of five recipes on real data, and what it costs.

    python benchmarks/whitening.py ../shared/data --out runs/whitening

Each recipe is trained for a few steps (a run that is there already is used), whitened and probed,
plain and whitened: the encoder, the same untrained, and the raw input. The last column says what
`probe.whiten auto` decided, and by which figure. Progress goes to stderr, one table to stdout;
`--json` prints JSON lines instead.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

DIGITS = ("audio/fsdd", "audio/fsdd/labels.tsv", "digit")
PHOTOS = ("images/caltech101", "images/caltech101/labels.tsv", "label")
REQUESTS = ("text/clinc150.tsv", None, "domain")
RUNS = {
    "audio/cpc": (DIGITS, 300, ()),
    "audio/data2vec2": (DIGITS, 300, ()),
    "vision/simclr": (PHOTOS, 100, ()),
    "vision/data2vec2": (PHOTOS, 150, ()),
    "text/bert": (
        REQUESTS,
        200,
        ("--data.next_sentence=false", "--data.length=48", "--data.max_predictions=19"),
    ),
}
ROWS = ("encoder", "untrained", "raw")
TITLES = ("recipe", "features", "kNN", "kNN, whitened", "linear", "linear, whitened", "whitened")


def main():
    options = parse_options()
    print(f"commit {commit()}, seed {options.seed}", file=sys.stderr)
    if not options.json:
        print("|".join(("", *TITLES, "")))
        print("|---" * len(TITLES) + "|")
    for recipe in options.recipes:
        run, seconds = trained(recipe, options)
        result = probed(run)
        if options.json:
            print(json.dumps({"recipe": recipe, "training_seconds": seconds, **result}), flush=True)
            continue
        for row in ROWS:
            print("|".join(("", *cells(recipe, row, result), "")), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of the data sets")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--recipes", nargs="+", default=list(RUNS), choices=list(RUNS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def commit():
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def trained(recipe, options):
    """Returns the run of a recipe and the processor seconds that this call spent on it."""
    from mmssl.training.pretraining import pretrain

    (source, labels, column), steps, more = RUNS[recipe]
    asked = [
        f"--data.source={options.data.resolve() / source}",
        f"--data.label_column={column}",
        f"--fit.steps={steps}",
        f"--fit.seed={options.seed}",
        *more,
    ]
    if labels:
        asked.insert(1, f"--data.labels={options.data.resolve() / labels}")
    started = time.process_time()
    run = pretrain(recipe, options.out / recipe.replace("/", "-"), asked)
    return run, round(time.process_time() - started, 1)


def probed(run):
    from mmssl.evaluation import evaluate
    from mmssl.evaluation.whitening.of_run import whiten_run

    whiten_run(run)
    return evaluate(run, layer=run.layer)


def cells(recipe, row, result):
    plain, white = result[row], result["whitened"][row]
    figures = [f"{scores[probe]:.3f}" for probe in ("knn", "linear") for scores in (plain, white)]
    first = row == "encoder"
    used = "yes" if result["whitening"]["used"] else "no"
    why = f"{used}: {result['whitening']['why']}" if first else ""
    return (recipe if first else "", row, *figures, why)


if __name__ == "__main__":
    main()
