"""Trains recipes with several seeds, probes every block, and prints one table of what they learned.

What has been trained and probed in the folder is not done again, so that a table can grow: more
recipes, more seeds, the same command. Figures are of the last step. "Best block" is the block, or
the whole encoder, with the highest mean over seeds by the linear probe, of the untrained encoder
its own best one: both are chosen by the test items.

    python benchmarks/learning.py vision/rotation vision/mae --source caltech101/train \\
        --probe caltech101 --labels caltech101/labels.tsv --seeds 3 --out runs/learning
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path


def main():
    options = parse_options()
    from mmssl.quiet import load_tensorflow

    load_tensorflow()
    rows = [row(recipe, options) for recipe in options.recipes]
    print("\n".join(table(rows)))


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipes", nargs="+", help="names or YAML files")
    parser.add_argument("--source", required=True, help="what is pretrained on, without labels")
    parser.add_argument("--limit", type=int, help="train and probe with the first items only")
    parser.add_argument("--probe", required=True, help="labeled data that are probed")
    parser.add_argument("--labels", help="table of labels and splits")
    parser.add_argument("--label-column", help="column of labels")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 to N - 1")
    parser.add_argument("--set", nargs="*", default=[], help="overrides, such as data.size=64")
    parser.add_argument("--out", default="runs/learning", help="folder of the run folders")
    return parser.parse_args()


def row(recipe, options):
    """Trains and probes a recipe; returns its name and the results of its seeds."""
    results = [trained(recipe, seed, options) for seed in range(options.seeds)]
    return recipe, [result for result in results if result is not None]


def trained(recipe, seed, options):
    from mmssl.evaluation import LabeledData, evaluate
    from mmssl.training.pretraining import pretrain

    folder = Path(options.out) / f"{recipe.replace('/', '-')}-{seed}"
    kept = folder / "learning.json"
    if kept.exists():
        return json.loads(kept.read_text())
    overrides = [f"--fit.seed={seed}", f"--data.source={options.source}"]
    overrides += [f"--{one}" for one in options.set]
    overrides += [f"--data.limit={options.limit}"] if options.limit else []
    start = time.perf_counter()
    try:
        run = pretrain(recipe, folder, overrides, quiet=True)
    except ValueError as error:
        print(f"{recipe}, seed {seed}: {error}", file=sys.stderr)
        return None
    minutes = (time.perf_counter() - start) / 60
    labels = {"labels": options.labels, "label_column": options.label_column}
    data = LabeledData(options.probe, **labels, limit=options.limit)
    result = {**evaluate(run, data, layer="all"), "minutes": minutes}
    kept.write_text(json.dumps(result))
    print(f"{recipe}, seed {seed}: {minutes:.1f} minutes", file=sys.stderr)
    return result


def table(rows):
    """Lays results out as a table in Markdown, one line a recipe."""
    titles = "recipe", "best block", "linear", "untrained", "kNN", "raw linear", "minutes"
    yield f"| {' | '.join(titles)} |"
    yield "|---" * len(titles) + "|"
    for recipe, results in rows:
        if not results:
            yield f"| `{recipe}` | not trained | | | | | |"
            continue
        block = best(results, "encoder", "layers")
        before = best(results, "untrained", "untrained_layers")
        cells = (
            block,
            spread(figures(results, "encoder", "layers", block)),
            spread(figures(results, "untrained", "untrained_layers", before)) + f" ({before})",
            spread(figures(results, "encoder", "layers", block, "knn")),
            spread([r["raw"]["linear"] for r in results if "raw" in r]),
            spread([r["minutes"] for r in results], ".1f"),
        )
        yield f"| `{recipe}` | {' | '.join(cells)} |"


def best(results, whole, blocks):
    """Returns the name of the block with the highest mean, or "encoder"."""
    names = ["encoder", *results[0].get(blocks, {})]
    return max(names, key=lambda name: statistics.mean(figures(results, whole, blocks, name)))


def figures(results, whole, blocks, name, probe="linear"):
    return [(r[whole] if name == "encoder" else r[blocks][name])[probe] for r in results]


def spread(values, form=".3f"):
    if not values:
        return "-"
    mean = f"{statistics.mean(values):{form}}"
    return f"{mean} ± {statistics.stdev(values):{form}}" if len(values) > 1 else mean


if __name__ == "__main__":
    main()
